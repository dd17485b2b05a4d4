import io

import pytest

from ingest.extract.zip_directory import MOST_MEMBERS, member_count, member_names
from tests.ingest.make_files import make_zip

ARCHIVE = make_zip({"a": "1", "b/ü.txt": "2"})
with pytest.MonkeyPatch.context() as patch:
    patch.setattr("zipfile.ZIP_FILECOUNT_LIMIT", 0)  # as if there were more than 65,535
    ARCHIVE64 = make_zip({"a": "1", "b/ü.txt": "2"})


def names(content):
    return member_names(io.BytesIO(content))


@pytest.mark.parametrize("content", [ARCHIVE, b"self-extractor" + ARCHIVE, ARCHIVE64])
def test_names_in_their_order(content):
    assert names(content) == ["a", "b/ü.txt"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06",
        ARCHIVE[:-30],
        b"PK\x05\x06" + b"\0" * 8 + (999).to_bytes(4, "little") + b"\0" * 6,  # longer than the file
        b"PK\x05\x06" + b"\0" * 8 + b"\xff" * 4 + b"\0" * 6,  # ZIP64 without its records
        b"PK\x06\x07" + b"\xff" * 16 + b"PK\x05\x06" + b"\0" * 8 + b"\xff" * 4 + b"\0" * 6,
        ARCHIVE64[:10] + ARCHIVE64[40:],
        make_zip(dict.fromkeys(map(str, range(MOST_MEMBERS + 1)), "")),
    ],
)
def test_a_damaged_or_enormous_directory_has_no_names(content):
    assert names(content) == []


@pytest.mark.parametrize(("members", "count"), [({}, 0), ({"a": "1", "b": "2"}, 2)])
def test_an_archive_says_how_many_members_it_has(members, count):
    assert member_count(io.BytesIO(make_zip(members))) == count


def test_an_archive_with_64_bit_numbers_says_so_too():
    assert member_count(io.BytesIO(ARCHIVE64)) == 2


def test_what_is_no_archive_has_no_members():
    assert member_count(io.BytesIO(b"PK\x05\x06 cut off")) == 0
