import io
from pathlib import Path

import pytest

from ingest.extract.markup.xml import read
from ingest.extract.segment import Problem, Properties, Segment, Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(raw), first=0, most_characters=10**6))


def text_of(content):
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def test_real_data():
    assert items_of((DATA / "factbook.xml").read_bytes()) == [
        Properties(),
        Segment(
            0, None, None,
            "- name: United States\n- capital: Washington, DC\n- leader: Joe Biden\n- sport: Baseball\n\n"
            "- name: Canada\n- capital: Ottawa\n- leader: Justin Trudeau\n- sport: Hockey\n\n"
            "- name: France\n- capital: Paris\n- leader: Emmanuel Macron\n- sport: Soccer\n\n"
            "- name: Trinidad & Tobado\n- capital: Port of Spain\n- leader: Keith Rowley\n- sport: Track & Field\n",
        ),
    ]  # fmt: skip


def test_a_real_table():
    assert text_of((DATA / "tables_ipa20180000016.xml").read_bytes()).endswith(
        "\n\nComparative | — | — | 35.5 | 88.8 | 0.0 | 2.5 | — | 26.2 | 361.2\nExample 1\n"
        "Example 1 | 60 | — | 31.5 | 74.9 | 12.6 | 2.4 | 6.0 | 35.4 | 430.8\n"
        "Example 2 | 50 | 10 | 28.5 | 67.1 | 21.7 | 2.4 | 3.1 | 34.0 | 450.0\n"
        "Example 3 | 40 | 20 | 25.8 | 62.0 | 28.7 | 2.4 | 2.2 | 33.8 | 452.4\n"
        "Example 4 | 30 | 30 | 26.8 | 54.7 | 33.5 | 2.0 | 1.6 | 33.8 | 345.0\n"
        "Example 5 | 25 | 39 | 23.4 | 52.8 | 38.1 | 2.3 | 1.4 | 28.8 | 307.2\n"
    )


@pytest.mark.parametrize(
    "content",
    [
        (DATA / "xmlbomb.xml").read_bytes(),
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        b"<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://x.org/y.dtd'> %b;]><a/>",
    ],
)
def test_a_file_that_declares_entities_is_refused(content):
    with pytest.raises(Unreadable) as refusal:
        items_of(content)
    assert refusal.value.code == "declares_entities"


def test_pictures_may_be_declared_and_known_entities_used():
    head = "<!DOCTYPE a SYSTEM 'x.dtd' [<!ENTITY p SYSTEM 'p.tif' NDATA TIF>]>"
    assert text_of(f"{head}<a><b>2&times;&agr;</b></a>") == "2\u00d7&agr;\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<?xml version='1.0' encoding='windows-1251'?><p>Привет</p>".encode("cp1251"), "Привет\n"),
        ("<?xml version='1.0' encoding='utf-16'?><p>Привет</p>".encode("utf-16"), "Привет\n"),
        ("just < text\n", "just < text\n"),
        ("<note><p>one</p><p>a & b</note>", "one\n\na & b\n"),
    ],
)
def test_encodings_and_what_is_no_xml(content, expected):
    assert text_of(content) == expected


def test_what_stands_before_an_error_is_read():
    paragraph = "<p>" + "word " * 99 + "</p>\n"
    *segments, problem = items_of("<r>\n" + paragraph * 400 + "</q>")[1:]
    assert sum(isinstance(one, Segment) and one.text.count("word") for one in segments) > 25_000
    assert isinstance(problem, Problem)
    assert (problem.ordinal, problem.code) == (len(segments), "broken_file")
    assert problem.message.startswith("From line 402 on")


def test_reading_may_go_on_in_the_middle():
    raw = ("<r>" + "<p>word</p>" * 20_000 + "</r>").encode()
    whole = list(read(io.BytesIO(raw), first=0, most_characters=10**6))
    rest = list(read(io.BytesIO(raw), first=2, most_characters=10**6))
    assert rest == [whole[0], *whole[3:]]


def test_deep_and_wide_files_are_bounded():
    assert text_of("<d>" * 100_000 + "deep" + "</d>" * 100_000) == "- d: deep\n"
    with pytest.raises(Unreadable):
        items_of("<a>" + "<b/>" * 1_000_000 + "</a>")
