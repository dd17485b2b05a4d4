import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.extract.data.json_tokens import LONGEST, Kind, Token, tokens

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def leaves(value):
    if isinstance(value, dict):
        return [
            Token(Kind.MARK, "{"),
            *(t for k, v in value.items() for t in [Token(Kind.STRING, k), *leaves(v)]),
            Token(Kind.MARK, "}"),
        ]
    if isinstance(value, list):
        return [
            Token(Kind.MARK, "["),
            *(t for v in value for t in leaves(v)),
            Token(Kind.MARK, "]"),
        ]
    if isinstance(value, str):
        return [Token(Kind.STRING, value)]
    return [Token(Kind.LITERAL, json.dumps(value))]


@given(VALUES, st.booleans(), st.integers(1, 7))
def test_any_json_in_any_pieces_gives_its_tokens(value, ascii_only, size):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1 if ascii_only else None)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(tokens(iter(pieces))) == leaves(value)


@given(st.text(max_size=60))
def test_what_is_no_json_is_given_back(text):
    found = list(tokens(iter([text])))
    assert all(token.text in text or token.kind is Kind.STRING for token in found)
    assert sum(token.kind is Kind.REST for token in found) <= 1


def test_what_follows_json_comes_as_it_is():
    assert list(tokens(iter(["[1, oops, that is no more JSON in here]", " really"]))) == [
        Token(Kind.MARK, "["),
        Token(Kind.LITERAL, "1"),
        Token(Kind.REST, "oops, that is no more JSON in here]"),
        Token(Kind.REST, " really"),
    ]
    assert list(tokens(iter(['{"cut o']))) == [Token(Kind.MARK, "{"), Token(Kind.REST, "cut o")]


def test_an_escape_that_is_none_stays_as_it_is():
    assert list(tokens(iter(['"a\\qb" "c\nd"']))) == [
        Token(Kind.STRING, "a\\qb"),
        Token(Kind.STRING, "c\nd"),
    ]


def test_a_long_string_comes_in_parts_and_costs_linear_time():
    pieces = ['"', *(["word \\n" * 10_000] * 40), '"']
    found = list(tokens(iter(pieces)))
    assert {token.kind for token in found[:-1]} == {Kind.PART}
    assert found[-1].kind is Kind.STRING
    assert "".join(token.text for token in found) == "word \n" * 400_000
    assert max(len(token.text) for token in found) < LONGEST + 70_000
