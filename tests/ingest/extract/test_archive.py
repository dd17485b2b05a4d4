import io
import zipfile

import pytest

from ingest.extract.archive import MOST_INFLATED_BYTES, inflate, open_archive
from ingest.extract.segment import Unreadable
from tests.ingest.make_files import make_zip


def refusal(content):
    with pytest.raises(Unreadable) as caught:
        b"".join(inflate(open_archive(io.BytesIO(content)), "a"))
    return caught.value.code


def zipped(name="a", content=b"x", method=zipfile.ZIP_DEFLATED, mode=0):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        member = zipfile.ZipInfo(name)
        member.compress_type, member.external_attr = method, mode << 16
        archive.writestr(member, content)
    return out.getvalue()


def test_members_are_inflated_and_absent_ones_are_empty():
    archive = open_archive(io.BytesIO(make_zip({"a": "text"})))
    assert b"".join(inflate(archive, "a")) == b"text"
    assert b"".join(inflate(archive, "b")) == b""


def test_a_small_part_may_be_as_repetitive_as_it_likes():
    assert open_archive(io.BytesIO(zipped(content=b" " * 900_000)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped(content=b"\0" * 5_000_000), "archive_too_large"),
        (zipped(name="../a"), "broken_file"),
        (zipped(name="/a"), "broken_file"),
        (zipped(mode=0o120777), "broken_file"),  # a symbolic link
        (zipped(method=zipfile.ZIP_BZIP2), "broken_file"),
        (zipped()[:-10], "broken_file"),
        (zipped(method=zipfile.ZIP_STORED, content=b"abc").replace(b"abc", b"abd"), "broken_file"),
        (b"no archive", "broken_file"),
    ],
)
def test_bombs_strange_members_and_damage_are_refused(content, code):
    assert refusal(content) == code


def test_many_members_may_not_add_up_to_a_bomb():
    """Each declares 1 MB: below the size from which a ratio counts."""
    count = MOST_INFLATED_BYTES // 2**20 + 1
    assert refusal(make_zip({str(n): "\0" * 2**20 for n in range(count)})) == "archive_too_large"


def test_a_member_that_understates_its_size_gives_no_more_than_it_declares():
    content = bytearray(zipped(content=b"0123456789" * 1000))
    for signature, field in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + field
        content[at : at + 4] = (5).to_bytes(4, "little")
    assert refusal(bytes(content)) == "broken_file"


def test_an_encrypted_member_says_so():
    content = bytearray(zipped())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(content)) == "encrypted"
