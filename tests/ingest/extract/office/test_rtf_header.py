import pytest

from ingest.extract.office.rtf_header import Header, outline_level
from ingest.extract.office.rtf_tokens import TEXT, Token


def test_a_font_has_its_code_page_and_any_other_the_file_s():
    header = Header()
    for token in (Token("f", 1), Token("fcharset", 204), Token("f", 2), Token("fcharset", 7)):
        header.hear_font(token)
    assert [header.encoding_of(font) for font in (0, 1, 2)] == ["cp1252", "cp1251", "cp1252"]


@pytest.mark.parametrize(
    ("word", "number", "expected"),
    [("ansicpg", 1250, "cp1250"), ("mac", None, "mac-roman"), ("ansicpg", 4711, "cp1252")],
)
def test_the_file_s_code_page(word, number, expected):
    header = Header()
    header.set(word, number)
    assert header.encoding_of(3) == expected


def test_styles_that_are_headings():
    header = Header()
    for number, name in enumerate([b"Normal;", b"heading 2;", b"Title;", b"heading 9;"]):
        header.hear_style(Token("s", number))
        header.hear_style(Token(TEXT, None, name))
    header.hear_style(Token("s", 9))
    header.hear_style(Token("outlinelevel", 2))
    assert header.levels == {1: 2, 2: 1, 3: 6, 9: 3}


def test_dates_are_put_together():
    header = Header()
    for word, number in {"yr": 2004, "mo": 1, "dy": 2, "hr": 3, "min": 4, "sec": 5}.items():
        header.hear_date("created", Token(word, number))
    header.say("title", "a")
    header.say("title", "b")
    assert header.found() == {"title": ["ab"], "created": ["2004-01-02T03:04"]}


@pytest.mark.parametrize(("number", "level"), [(0, 1), (8, 6), (9, 0), (-1, 0), (None, 0)])
def test_outline_levels(number, level):
    assert outline_level(number) == level
