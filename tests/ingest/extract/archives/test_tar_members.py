import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from ingest.extract.archives.tar_members import read
from ingest.extract.segment import Member, Problem, Segment, Unreadable

TREE = {"a.txt": b"A", "d/b.txt": b"B"}
LIST = "- a.txt\n- d/b.txt\n"
UNPACK = "Unpack it and upload what you need."


def items_of(content: bytes, *, first: int = 0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def make_tar(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in others:
            archive.addfile(info)
    return out.getvalue()


def special(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_members_come_before_their_list_however_they_are_packed(pack, first):
    items = [
        Member(0, "a.txt", b"A", True),
        Member(1, "d/b.txt", b"B", True),
        Segment(2, None, None, LIST),
    ]
    content = pack(make_tar(TREE, special("d", tarfile.DIRTYPE)))
    assert items_of(content, first=first) == items[first:]


def test_devices_links_and_names_that_lead_out_stay_in_the_archive():
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
    others = [special(f"odd {n}", kind) for n, kind in enumerate(kinds)]
    items = items_of(make_tar({"../up": b"1", "/etc/passwd": b"2", "ok": b"3"}, *others))
    assert items == [
        Member(0, "ok", b"3", True),
        Segment(1, None, None, "- ok\n"),
        Problem(
            2,
            None,
            "unsafe_members",
            "Not taken out, because they are links or their names lead out of the archive:"
            " ../up, /etc/passwd, odd 0 and 3 more.",
            UNPACK,
        ),
    ]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_single_packed_file_comes_out_without_a_name(pack):
    assert items_of(pack(b"Tides.\n")) == [
        Segment(0, None, None, "- one file without a name\n"),
        Member(1, "", b"Tides.\n", True),
    ]


def test_a_packed_file_that_says_its_name_is_listed_by_it():
    out = io.BytesIO()
    with gzip.GzipFile("tides.txt", "wb", fileobj=out) as packed:
        packed.write(b"Tides.\n")
    assert items_of(out.getvalue())[0] == Segment(0, None, None, "- tides.txt\n")


def test_a_bomb_is_left_where_it_is():
    items = items_of(gzip.compress(bytes(30_000_000)))
    assert items[-1][2:4] == (
        "archive_too_large",
        "Not taken out, because it unpacks to more than is taken out.",
    )
    assert not any(isinstance(item, Member) and item.is_last for item in items)
    tree = {"ok": b"3", "zeros": bytes(30_000_000), "behind": b"4"}
    items = items_of(gzip.compress(make_tar(tree)))
    assert items[0] == Member(0, "ok", b"3", True)
    assert items[-3:] == [
        Problem(1, None, "broken_member", "zeros in it could not be taken out whole.", UNPACK),
        Segment(2, None, None, "- ok\n- zeros\n"),
        Problem(
            3,
            None,
            "archive_too_large",
            "Not taken out, because it unpacks to more than is taken out: and what follows it.",
            UNPACK,
        ),
    ]


def test_what_was_before_a_cut_comes_out():
    content = gzip.compress(make_tar({"a.txt": b"A", "b.bin": bytes(range(256)) * 999}))
    items = items_of(content[: len(content) // 2])
    assert items[0] == Member(0, "a.txt", b"A", True)
    assert [item[2] for item in items if isinstance(item, Problem)] == [
        "broken_member",
        "broken_archive",
    ]


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08nothing", bytes(257) + b"ustar" + bytes(300), b"BZh9" + b"x" * 99]
)
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "broken_file"
