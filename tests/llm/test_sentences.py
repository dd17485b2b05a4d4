from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.sentences import LONGEST, sentences, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Smith met J. Doe, e.g. in Rome. He left.", ["Dr. Smith met J. Doe, e.g. in Rome.", "He left."]),
        ("It costs 3.50 at Acme Inc. in 2019. (Really.) Yes.", ["It costs 3.50 at Acme Inc. in 2019.", "(Really.)", "Yes."]),
        ("wrapped\nline. Next", ["wrapped\nline.", "Next"]),
        ("# Head\n- one\n- two\n\nPara", ["# Head", "- one", "- two", "Para"]),
        ("日本語の文です。「次。」終わり", ["日本語の文です。", "「次。」", "終わり"]),
        (" \n ", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert [text[span.start : span.end] for span in sentences(text)] == expected


@given(st.text(alphabet=st.sampled_from("aB. !?\n-。é1"), max_size=1500))
def test_sentences_are_in_order_bounded_trimmed_and_lose_nothing(text):
    spans = sentences(text)
    pieces = [text[span.start : span.end] for span in spans]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert all(piece == piece.strip() and 0 < len(piece) <= LONGEST for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running runners ran", ["runnin", "runner", "ran"]),
        ("1,000 or 1.000 or 1000 or 3.5", ["1000", "or", "1000", "or", "1000", "or", "3.5"]),
        ("東京都 は", ["東京", "京都", "は"]),
        ("ＦＵＬＬ width", ["full", "width"]),  # noqa: RUF001
        ("--- !", []),
    ],
)
def test_terms_are_stems_figures_and_pairs(text, expected):
    assert terms(text) == expected
