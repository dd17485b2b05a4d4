import io
import json
from pathlib import Path

import pytest

from ingest.extract.data.json import read
from ingest.extract.segment import Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return "".join(one.text for one in read(io.BytesIO(raw), first=0, most_characters=10**7))


def test_a_real_file():
    assert text_of((DATA / "test.json").read_bytes()) == (
        "key1: string_value\nkey2: 1234\nkey3: list_value1, list_value2\n5b64c88c-b3c3-4510-bcb8-da0b200602d8: uuid_key\n"
        "uuid_value: 9700dc99-6685-40b4-9a3a-5e406dcb37f3\n"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {"b": {"c": {"d": 1}}}}, "b.c.d: 1\n"),
        ([{"a": 1}, {"a": 2, "b": ""}], "a: 1\n\na: 2\n"),
        ({"x": 1, "l": [{"a": 1}, {"a": None}, {"a": True}], "y": 2}, "x: 1\n\nl.a: 1\n\nl.a: true\n\ny: 2\n"),
        ({"l": [1, "two", 3.5, [4, 5]]}, "l: 1, two, 3.5\n\nl: 4, 5\n"),
        ({"t": "one\ntwo"}, "t: one\ntwo\n"),
        (["a", "b"], "a, b\n"),
        ("just text", "just text\n"),
        ({"v": list(range(60))}, f"v: {', '.join(map(str, range(50)))}, and 10 more numbers\n"),
        ({"data": "QUJD" * 500, "name": "x"}, "name: x\n"),
        ({"l": ["word " * 70, "x"]}, f"l: {'word ' * 70}\nl: x\n"),
        ({"l": ["", None, "QUJD" * 500, "x"]}, "l: x\n"),
        ({}, ""),
    ],
)  # fmt: skip
def test_values_stand_beside_their_names(value, expected):
    assert text_of(json.dumps(value)) == expected


def test_several_values_in_a_row_are_blocks():
    assert text_of('{"a": 1}\n{"a": 2}') == "a: 1\n\na: 2\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no JSON at all\n\nin here", "no JSON at all\n\nin here\n"),
        (
            '{"a": 1, oops: and so on, for quite a while',
            "a: 1\noops: and so on, for quite a while\n",
        ),
        ("]}]", ""),
        ('{"a": "cut of', "cut of\n"),
    ],
)
def test_what_is_no_json_is_given_as_it_is(text, expected):
    assert text_of(text) == expected


def test_a_long_string_is_read_in_parts_under_its_name():
    assert (
        text_of(json.dumps({"a": "word " * 200_000, "b": 1})) == f"a: {'word ' * 200_000}\nb: 1\n"
    )


def test_deep_and_long_files_are_bounded():
    assert text_of("[" * 100_000 + '"deep"' + "]" * 100_000).strip() == "deep"
    with pytest.raises(Unreadable):
        text_of(b"[" * 30_000_001)
