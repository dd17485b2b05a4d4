import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.operators import Filter
from search.query import parse
from search.typed import (
    Token,
    folded,
    last_token,
    quotable,
    typed_word,
    written_filter,
    written_word,
)


@pytest.mark.parametrize(
    ("q", "token"),
    [
        ("", Token(0, "")), ("front to", Token(6, "to")), ("front ", Token(6, "")), ("(-to", Token(1, "to", sign="-")),
        ("a from:ad", Token(2, "ad", "from")), ("a -FROM:ad", Token(2, "ad", "from", "-")), ("xfrom:ad", Token(0, "xfrom:ad")),
        ('in:"board me', Token(0, "board me", "in", is_quoted=True)), ('a -"b c', Token(2, "b c", sign="-", is_quoted=True)),
        ('"a b" in:c', Token(6, "c", "in")), ('xin:"b', Token(4, "b", is_quoted=True)), ("in:„b c", Token(0, "b c", "in", is_quoted=True)),
        ("http://x", Token(0, "http://x")), ("😀 to", Token(2, "to")),
    ],
)  # fmt: skip
def test_the_last_token_is_what_is_being_typed(q, token):
    assert last_token(q) == token


@given(st.text(max_size=80) | st.from_regex(r'[a-z -]*(from|in|ext):"?[a-z "]*', fullmatch=True))
@example("0\n")
def test_every_text_has_a_last_token_at_its_end(q):
    token = last_token(q)
    assert 0 <= token.start <= len(q)
    assert q.endswith(token.value)


@given(st.text(max_size=60))
def test_what_is_written_is_read_back_as_one_filter(value):
    if quotable(value).isalnum():
        written = written_filter(Token(0, "", sign="-"), "in", value)
        assert parse(written).filters == (Filter("in", parse(quotable(value)).text, negated=True),)


def test_a_value_keeps_its_longest_part_that_quotes_can_hold():
    assert quotable('a "long title" \tb') == "long title"
    assert quotable('"') == ""


def test_within_quotes_only_the_last_word_is_completed():
    token = last_token('x -"front to')
    assert typed_word(token) == ("front ", "to")
    assert written_word(token, "front ", "tooth") == '-"front tooth"'
    assert written_word(last_token("typ"), "", "type:file") == '"type:file"'


def test_titles_fold_to_words_without_case_and_accents():
    assert folded("Straße_der 5%-Übersicht.pdf") == "strasse der 5 ubersicht pdf"
