import pytest

from core.grapheme import LONGEST, boundary_after, boundary_before, is_boundary


def boundaries(text):
    return [at for at in range(1, len(text)) if is_boundary(text, at)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", [1]),
        ("e\u0301a", [2]),  # combining accent
        ("नि", []),  # a vowel sign that takes space (Mc)
        ("👩\u200d👧!", [3]),  # joined by ZWJ
        ("👍🏽!", [2]),  # skin tone
        ("❤\ufe0f!", [2]),  # variation selector
        ("🇩🇪🇫🇷", [2]),  # flags pair from the left
        ("\u1112\u1161\u11ab\u1112", [3]),  # jamo: L V T | L
        ("각\u11a8가", [2]),  # a syllable takes a trailing consonant, not another syllable
        ("\r\na", [2]),
        ("\n\u0301", [1]),  # a line break is never part of a character
        ("ｶ\uff9eｶ", [2]),  # half-width voiced mark
    ],
)
def test_cuts_only_between_what_a_reader_sees_as_characters(text, expected):
    assert boundaries(text) == expected


def test_both_ends_are_boundaries():
    assert is_boundary("\u0301", 0)
    assert is_boundary("a", 1)


def test_the_last_boundary_at_or_before_a_place():
    assert boundary_before("ae\u0301\u0302b", 3) == 1
    assert boundary_before("ae\u0301\u0302b", 4) == 4


def test_the_first_boundary_at_or_behind_a_place():
    assert [boundary_after("ae\u0301\u0302b", at) for at in range(6)] == [0, 1, 4, 4, 4, 5]


def test_an_abusive_character_is_cut():
    zalgo = "a" + "\u0301" * 3 * LONGEST
    assert boundary_before(zalgo, LONGEST + 50) == LONGEST + 50
    assert boundary_after(zalgo, LONGEST + 50) == LONGEST + 50
