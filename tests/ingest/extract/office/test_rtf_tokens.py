import pytest

from ingest.extract.office.rtf_tokens import CLOSE, HEX, OPEN, TEXT, Token, tokens


def test_words_symbols_groups_and_text():
    assert list(tokens(b"{\\rtf1 a \\b\\b-2 c\\'e9\\~\\{}\r\nd")) == [
        Token(OPEN),
        Token("rtf", 1),
        Token(TEXT, None, b"a "),
        Token("b"),
        Token("b", -2),
        Token(TEXT, None, b"c"),
        Token(HEX, None, b"\xe9"),
        Token("~"),
        Token("{"),
        Token(CLOSE),
        Token(TEXT, None, b"d"),
    ]


def test_binary_data_is_passed_over():
    assert list(tokens(rb"\bin3 {\}x")) == [Token("bin", 3), Token(TEXT, None, b"x")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\\", []),
        (rb"\bin99999 x", [Token("bin", 99999)]),
        (rb"\bin-5 x", [Token("bin", -5), Token(TEXT, None, b"x")]),
        (rb"\'zz", [Token(HEX), Token(TEXT, None, b"zz")]),
    ],
)
def test_broken_ones_end_too(content, expected):
    assert list(tokens(content)) == expected
