import io

import pytest

from ingest.extract.zip_directory import MOST_MEMBERS, member_names
from tests.ingest.make_files import make_zip

ARCHIVE = make_zip({"a": "1", "b/ü.txt": "2"})


def names(content):
    return member_names(io.BytesIO(content))


@pytest.mark.parametrize("content", [ARCHIVE, b"self-extractor" + ARCHIVE])
def test_names_in_their_order(content):
    assert names(content) == ["a", "b/ü.txt"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x05\x06",
        ARCHIVE[:-30],
        b"PK\x05\x06" + b"\0" * 8 + (999).to_bytes(4, "little") + b"\0" * 6,  # longer than the file
        b"PK\x05\x06" + b"\0" * 8 + b"\xff" * 4 + b"\0" * 6,  # ZIP64
        make_zip(dict.fromkeys(map(str, range(MOST_MEMBERS + 1)), "")),
    ],
)
def test_a_damaged_or_enormous_directory_has_no_names(content):
    assert names(content) == []
