import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.names import MAX_NAME_BYTES, FileName, file_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("report.PDF", FileName("", "report.PDF")),
        ("../../etc/passwd", FileName("etc", "passwd")),
        ("C:\\Users\\ada\\a.txt", FileName("Users/ada", "a.txt")),
        ("folder/sub/./a.txt", FileName("folder/sub", "a.txt")),
        ("/absolute.txt", FileName("", "absolute.txt")),
        ("evil\u202egnp.exe", FileName("", "evilgnp.exe")),
        ("a\x00b\r\nc.txt", FileName("", "abc.txt")),
        ("cafe\u0301.txt", FileName("", "caf\u00e9.txt")),
        (" spaced .txt ", FileName("", "spaced .txt")),
    ],
)
def test_a_path_becomes_a_folder_and_a_name_that_reads_as_it_is(text, expected):
    assert file_name(text) == expected


@pytest.mark.parametrize("text", ["", " ", "..", "a/..", "\x00", "/", "\\", "\u202e"])
def test_what_holds_no_name_is_refused(text):
    with pytest.raises(InvalidInput):
        file_name(text)


def test_a_folder_given_beside_the_name_comes_first():
    assert file_name("b/c.txt", folder="/x/../a\\") == FileName("x/a/b", "c.txt")


def test_lengths_count_bytes_after_composition():
    assert file_name("e\u0301" * 127).name == "é" * 127
    with pytest.raises(InvalidInput):
        file_name("é" * 128)
    with pytest.raises(InvalidInput):
        file_name("a.txt", folder="d" * 2000)


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("a.TXT", "txt"),
        ("a.tar.gz", "gz"),
        ("a", ""),
        (".bashrc", ""),
        ("a.", ""),
        ("v1. final", ""),
    ],
)
def test_an_extension_is_what_looks_like_one(name, extension):
    assert FileName("", name).extension == extension


@given(st.text(), st.text())
def test_no_name_ever_leaves_its_folder(text, folder):
    try:
        found = file_name(text, folder=folder)
    except InvalidInput:
        return
    assert found.name not in {"", ".", ".."}
    assert "/" not in found.name
    assert "\\" not in found.name
    assert ".." not in found.folder.split("/")
    assert not found.folder.startswith("/")
    assert len(found.name.encode()) <= MAX_NAME_BYTES
