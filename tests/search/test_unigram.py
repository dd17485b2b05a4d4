"""The pieces are those of XLM-R's own tokenizer; a small vocabulary shows each rule."""

import json

import pytest

from search.unigram import Unigram

MARKS = ["<s>", "<pad>", "</s>", "<unk>"]
PIECES = {"▁": -3.0, "▁a": -1.0, "b": -2.0, "ab": -2.5, "▁ab": -4.5, "▁abab": -4.0, "é": -2.0}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("unigram") / "vocabulary.json"
    scores = [0.0] * 4 + list(PIECES.values())
    plain = {"9": " ", "11": "", "65345": "a"}
    path.write_text(json.dumps({"pieces": MARKS + list(PIECES), "scores": scores, "plain": plain}))
    return Unigram(path)


def pieces(unigram: Unigram, text: str, most: int = 99) -> list[str]:
    return [(MARKS + list(PIECES))[number] for number in unigram.encode(text, most=most)]


def test_of_all_cuts_the_likeliest_is_taken(small):
    assert pieces(small, "ab") == ["<s>", "▁a", "b", "</s>"]  # -3.0 beats ▁ab's -4.5
    assert pieces(small, "abab") == ["<s>", "▁abab", "</s>"]
    assert pieces(small, "aab") == ["<s>", "▁a", "ab", "</s>"]


def test_spaces_of_any_number_and_kind_part_words(small):
    assert small.encode("  a\t \t a ", most=99) == small.encode("a a", most=99)


def test_a_character_without_a_piece_is_unknown_and_one_that_is_dropped_is_not_there(small):
    assert pieces(small, "bx") == ["<s>", "▁", "b", "<unk>", "</s>"]
    assert pieces(small, "a\x0bb") == ["<s>", "▁a", "b", "</s>"]
    assert pieces(small, "\uff41b") == ["<s>", "▁a", "b", "</s>"]


def test_a_decomposed_letter_is_the_composed_one(small):
    assert small.encode("e\u0301", most=99) == small.encode("é", most=99)


def test_a_text_that_writes_a_mark_does_not_make_one(small):
    assert "<s>" not in pieces(small, "<s>")[1:]


def test_the_end_is_marked_also_where_the_text_is_cut(small):
    assert pieces(small, "a a a a", most=4) == ["<s>", "▁a", "▁a", "</s>"]
    assert pieces(small, "b" * 500, most=4) == ["<s>", "▁", "b", "</s>"]
    assert pieces(small, "") == ["<s>", "</s>"]


def test_lone_surrogates_are_read(small):
    assert pieces(small, "\ud800") == ["<s>", "▁", "<unk>", "</s>"]


def test_the_published_ids_come_out(e5_dir):
    """XLM-R's ids for its documentation's greeting."""
    assert Unigram(e5_dir / "vocabulary.json").encode("Hello world!", most=9) == [
        0, 35378, 8999, 38, 2,
    ]  # fmt: skip
