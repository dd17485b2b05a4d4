import io
import zipfile
from pathlib import Path

import pytest

from ingest.extract.archives.zip_members import read
from ingest.extract.segment import Member, Problem, Segment, Unreadable
from tests.ingest.make_files import make_zip

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content: bytes, *, first: int = 0, password: str = ""):
    source = io.BytesIO(content)
    return list(read(source, first=first, most_characters=10**6, password=password))


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_follow_their_list(method, first):
    content = make_zip({"a.txt": "A", "d/": "", "d/b.txt": "B", "empty": ""}, method=method)
    items = [
        Segment(0, None, None, "- a.txt\n- d/b.txt\n- empty\n"),
        Member(1, "a.txt", b"A", True),
        Member(2, "d/b.txt", b"B", True),
    ]
    assert items_of(content, first=first) == items[first:]


def test_links_and_names_that_lead_out_stay_in_the_archive():
    content = zipped(("../up", b"1"), ("/etc/passwd", b"2"), (link("to"), b"/etc"), ("ok", b"3"))
    assert items_of(content) == [
        Segment(0, None, None, "- ok\n"),
        Member(1, "ok", b"3", True),
        Problem(
            2,
            None,
            "unsafe_members",
            "Not taken out, because they are links or their names lead out of the archive:"
            " ../up, /etc/passwd, to.",
            "Unpack it and upload what you need.",
        ),
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_both_come_out():
    assert [item[1:3] for item in items_of(zipped(("a.txt", b"1"), ("a.txt", b"2")))[1:]] == [
        ("a.txt", b"1"),
        ("a (2).txt", b"2"),
    ]


def test_a_bomb_stays_in_the_archive_and_the_rest_comes_out():
    items = items_of(zipped(("zeros", bytes(20_000_000)), ("ok", b"3")))
    assert items[1] == Member(1, "ok", b"3", True)
    assert [item[2:4] for item in items[2:]] == [
        ("archive_too_large", "Not taken out, because it unpacks to more than is taken out: zeros.")
    ]


def test_members_together_may_have_so_many_bytes_and_no_more(monkeypatch):
    monkeypatch.setattr("ingest.extract.archives.zip_members.MOST_INFLATED_BYTES", 5)
    items = items_of(zipped(("a", b"1234"), ("b", b"56"), ("c", b"7")))
    assert [item[1] for item in items[1:3]] == ["a", "c"]
    assert items[3][2] == "archive_too_large"


def test_an_encrypted_member_is_named():
    content = bytearray(zipped(("secret", b"1"), ("ok", b"3")))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    items = items_of(bytes(content))
    assert items[0] == Segment(0, None, None, "- secret\n- ok\n")
    assert [item[2:4] for item in items[2:]] == [
        ("encrypted_members", "Not taken out, because they are encrypted: secret.")
    ]


@pytest.mark.parametrize(
    ("password", "found"),
    [("1234", "sample.txt"), ("4321", "password_wrong"), ("", "encrypted_members")],
)
def test_a_real_encrypted_member_comes_out_with_its_password(password, found):
    content = (DATA / "encrypt-1234.zip").read_bytes()
    listed, item = items_of(content, password=password)
    assert listed == Segment(0, None, None, "- sample.txt\n")
    assert found == (item.path if isinstance(item, Member) else item[2])


def test_an_archive_with_64_bit_sizes_is_read(monkeypatch):
    monkeypatch.setattr("zipfile.ZIP64_LIMIT", 10)
    monkeypatch.setattr("zipfile.ZIP_FILECOUNT_LIMIT", 0)
    content = zipped(("a.txt", b"more than ten bytes"), ("b.txt", b"2"))
    monkeypatch.undo()
    assert b"PK\x06\x06" in content
    assert items_of(content)[1:] == [
        Member(1, "a.txt", b"more than ten bytes", True),
        Member(2, "b.txt", b"2", True),
    ]


def test_a_name_in_unmarked_utf8_is_read_as_such():
    content = zipped(("GrXXe.txt", b"1")).replace(b"XX", "ü".encode())
    assert items_of(content)[1] == Member(1, "Grüe.txt", b"1", True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zipped(), "empty_archive"),
        (zipped(("a", b"1"))[:-10], "broken_file"),
        (zipped(*((str(n), b"") for n in range(10_001))), "too_many_files"),
        (b"PK\x03\x04" + bytes(100), "broken_file"),
    ],
)
def test_what_is_no_archive_is_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == code
