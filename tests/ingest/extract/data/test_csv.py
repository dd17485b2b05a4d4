import io
from pathlib import Path

import pytest

from ingest.extract.data.csv import delimiter_of, read, rows
from ingest.extract.segment import Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return "".join(one.text for one in read(io.BytesIO(raw), first=0, most_characters=10**7))


def rows_of(text):
    return list(rows(iter(text.splitlines(keepends=True))))


def test_a_real_table():
    text = text_of((DATA / "csv-semicolon.csv").read_bytes())
    blocks = text.split("\n\n")
    assert blocks[0] == (
        "Index | Customer Id | First Name | Last Name | Company | City | Country | Phone 1 | Phone 2 | Email | "
        "Subscription Date | Website\n"
        "1 | DD37Cf93aecA6Dc | Sheryl | Baxter | Rasmussen Group | East Leonard | Chile | 229.077.5154 | "
        "397.884.0519x718 | zunigavanessa@smith.info | 2020-08-24 | http://www.stephenson.com/"
    )
    assert blocks[-1].partition("\n")[2].startswith("5 | 053d585Ab6b3159 | Joanna | ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;2,5\n", ";"),
        ("a,b\n1,2\n", ","),
        ("a\tb,c\nd\te\n", "\t"),
        ("a|b\nc|d\n", "|"),
        ("one\ntwo\n", ","),
        ('a;"b,c"\nd;"e,f,g"\n', ";"),
        ("", ","),
    ],
)
def test_the_delimiter_is_what_splits_evenly(text, expected):
    assert delimiter_of(text.splitlines(keepends=True)) == expected


def test_excel_may_declare_the_delimiter():
    assert rows_of("sep=;\na,1;b\n") == [["a,1", "b"]]


def test_quotes_may_hold_delimiters_and_line_breaks():
    assert text_of('name,note\nAda,"one\r\ntwo, ""three"""\n') == (
        'name | note\nAda | one two, "three"\n'
    )


def test_ragged_rows_are_kept():
    assert rows_of("a,b\nc\nd,e,f\n") == [["a", "b"], ["c"], ["d", "e", "f"]]


def test_a_quote_that_is_never_closed_swallows_nothing():
    """Neither within the csv module's longest field nor beyond it."""
    for count in (300, 40_000):
        found = rows_of('a,b\n"c,d\n' + "e,f\n" * count + "g,h\n")
        assert (len(found), found[1], found[-1]) == (count + 3, ['"c', "d"], ["g", "h"])


def test_the_encoding_is_found():
    assert text_of("a,b\nGrüße,1\n".encode("utf-16")) == "a | b\nGrüße | 1\n"


def test_a_long_table_is_read_as_a_stream():
    raw = b"animal,legs\n" + b"cat,4\n" * 100_000
    items = read(io.BytesIO(raw), first=0, most_characters=10**7)
    assert next(items).text.startswith("animal | legs\ncat | 4\n")
    assert sum(1 for _ in items) > 50


def test_a_table_that_is_too_long_is_refused():
    with pytest.raises(Unreadable):
        read(io.BytesIO(b"a,b\n" * 100), first=0, most_characters=99)
