import pytest

from ingest.extract.office.rtf_groups import Groups
from ingest.extract.office.rtf_tokens import tokens
from ingest.extract.segment import Unreadable


def text_of(content):
    groups = Groups()
    for token in tokens(content):
        groups.take(token)
    groups.end()
    return groups.story.blocks.drain()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rb"{\rtf1\ansi caf\'e9 \emdash  x}", "café \u2014 x\n"),
        (rb"{\rtf1 a\u8217?b\u-10179?\u-8704?{\uc2 \u8364ab}c}", "a\u2019b\U0001f600\u20acc\n"),
        (rb"{\rtf1{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset128 B;}}\f0\'cf\f1\'83\'65}", "Пテ\n"),
        (rb"{\rtf1\deff3{\fonttbl{\f3\fcharset161 A;}}\plain\'e1}", "\u03b1\n"),
        (rb"{\rtf1{\stylesheet{\s1 heading 1;}{\*\cs9 heading 2;}}\s1 H}", "# H\n"),
        (rb"{\rtf1{\listtext\pard 1.\tab}one\par\ilvl1{\listtext\'b7}two}", "1. one\n  - two\n"),
        (rb"{\rtf1 x{\v hidden}y{\deleted gone}{\*\unknown z}{\pict ff}}", "xy\n"),
        (rb"{\rtf1{\field{\*\fldinst HYPERLINK}{\fldrslt link}}}", "link\n"),
        (rb"{\rtf1 a{\footnote\pard note\par b}c\par d}", "ac\n\nnote\n\nb\n\nd\n"),
        (rb"{\rtf1 out{\shp{\*\shpinst{\sp x}{\shptxt box\par}}{\shprslt box}}er}", "box\n\nouter\n"),
        (rb"{\rtf1 a{\footnote b{\footnote c}}{\shptxt d{\shptxt e}}}", "e\n\nd\n\na\n\nc\n\nb\n"),
        (rb"{\rtf1 a{\footnote b", "a\n\nb\n"),
        (rb"{\rtf1{\header head\par}body{\footer foot}}", "head\n\nfoot\n\nbody\n"),
        (rb"}}}x\ ", "x\n"),
    ],
)  # fmt: skip
def test_text_in_document_order(content, expected):
    assert text_of(content) == expected


def test_title_author_and_dates():
    groups = Groups()
    info = rb"{\info{\title T\'e9}{\author \u1040?}{\operator O}{\revtim\yr2004\mo1\dy2}}"
    for token in tokens(rb"{\rtf1" + info + b"}"):
        groups.take(token)
    assert groups.header.found() == {
        "title": ["Té"],
        "author": ["\u0410"],
        "modified": ["2004-01-02T00:00"],
    }


def test_groups_without_end_are_refused():
    with pytest.raises(Unreadable) as caught:
        text_of(b"{" * 20_000)
    assert caught.value.code == "broken_file"
