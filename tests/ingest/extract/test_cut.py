from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.cut import SEGMENT, segments


def cut(*pieces, first=0):
    return [segment.text for segment in segments(pieces, first=first)]


def test_a_short_text_is_one_segment_that_ends_its_line():
    assert cut("a", "b") == ["ab\n"]
    assert cut("ab\n") == ["ab\n"]
    assert cut("", "") == []


def test_cuts_at_a_blank_line_before_a_line_before_a_space_before_a_character():
    start, rest = "x" * (SEGMENT - 2000), "y" * SEGMENT * 2
    assert cut(f"{start}\n\n{'z' * 500}\n{rest}")[0] == start + "\n\n"
    assert cut(f"{start}\n{'z' * 500} {rest}")[0] == start + "\n"
    assert cut(f"{start} {rest}")[0] == start + " "
    assert cut("e\u0301" * SEGMENT)[0] == "e\u0301" * (SEGMENT // 2)


def test_goes_on_from_a_later_segment():
    text = "line\n" * 20_000
    assert cut(text, first=3) == cut(text)[3:]
    assert next(segments([text], first=3)).ordinal == 3


@given(st.lists(st.text("ab \n", min_size=1), max_size=20), st.integers(1, 3000))
def test_the_segments_join_to_the_text_however_it_came(pieces, times):
    text = "".join(pieces) * times
    whole = "".join(cut(text))
    assert whole in (text, text + "\n")
    assert all(len(segment) <= 2 * SEGMENT for segment in cut(text))
