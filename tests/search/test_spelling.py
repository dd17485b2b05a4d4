import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.spelling import Neighbour, best, distance, is_near, spelt


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [
        ("receive", "receive", 0),
        ("recieve", "receive", 1),  # two letters swapped
        ("recive", "receive", 1),
        ("receeive", "receive", 1),
        ("receibe", "receive", 1),
        ("becuase", "because", 1),
        ("добрий", "добрый", 1),
        ("yersa", "years", 2),
        ("abcd", "", 4),
        ("", "ab", 2),
    ],
)
def test_distance_counts_the_slips(left, right, slips):
    assert distance(left, right) == slips


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric_and_at_most_the_longer_word(left, right):
    assert distance(left, right) == distance(right, left) <= max(len(left), len(right))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("recieve", "recieve"),
        ("Recieve?", "Recieve"),
        ("(recieve),", "recieve"),
        ("größse", "größse"),
        ("добрий", "добрий"),
    ],
)
def test_a_plain_word_is_found_in_its_punctuation(text, word):
    assert spelt(text) == word


@pytest.mark.parametrize(
    "text",
    [
        "teh", "foo_bar", "foo.bar", "v2beta", "4711", "a@example.org", "https://example.org", "src/main", "well-knwon",
        "writeBolean", "HTTPX", "recie*", "#recieve", "@recieve", "--recieve", '"recieve"', "“recieve”", "dosen't",
        "東京都庁", "ประเทศไทย", "x" * 33, "", "...",
    ],
)  # fmt: skip
def test_names_numbers_addresses_short_words_and_quoted_ones_are_not_words_to_correct(text):
    assert spelt(text) is None


def test_short_words_may_have_one_slip_and_longer_ones_two():
    assert is_near("hause", "house")
    assert not is_near("huase", "mouse")
    assert is_near("recieves", "receive")
    assert not is_near("house", "house")


def test_the_nearest_comes_first_then_the_more_frequent_then_the_alphabet():
    near = [
        Neighbour("wrold", lexeme, ndoc)
        for lexeme, ndoc in (("world", 1), ("wold", 1), ("wrote", 500), ("wald", 9))
    ]
    assert best("wrold", near, most=9) == ["wold", "world"]
    frequent = [Neighbour("wrold", "wold", 1), Neighbour("wrold", "world", 50)]
    assert best("wrold", frequent, most=1) == ["world"]


def test_the_first_letter_is_right_or_swapped_with_the_second():
    assert is_near("ihghland", "highland")
    assert not is_near("biden", "widen")
    assert not is_near("nouse", "house")
