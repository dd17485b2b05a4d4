import pytest

from ingest.extract.segment import Member, Picture, Problem, Properties, Segment, Unreadable
from ingest.frames import LENGTH_BYTES, Finished, pack, unpack


@pytest.mark.parametrize(
    "frame",
    [
        Segment(0, None, None, ""),
        Segment(7, 8, "viii", "Grüße 👋\n", 12),
        Problem(3, 4, "too_slow", "Page 4 took too long.", "Print it anew."),
        Problem(0, None, "no_text", "No text.", ""),
        Properties("Ein Titel", "Ada", "2026-03-01", "2026-03-02T10:00:00Z", "de"),
        Member(3, "terms/moorings.md", b"\0\xff bytes\0", False),
        Member(3, "", b"", True),
        Picture(3, 4, "iv", "stamp\n", 9, 2, 3, b"\0\xff\0\0\x01\0"),
        Picture(0, None, None, "", None, 1, 1, b"x"),
        Picture(0, 1, None, "", 1, 1, 2, b"\0x", "# Tides\n", "Is this true?\n"),
        Finished(100),
        Finished(None),
    ],
)
def test_what_is_packed_comes_out_again(frame):
    packed = pack(frame)
    assert int.from_bytes(packed[:LENGTH_BYTES], "little") == len(packed) - LENGTH_BYTES
    assert unpack(packed[LENGTH_BYTES:]) == frame


def test_a_refusal_keeps_its_three_parts():
    frame = unpack(pack(Unreadable("encrypted", "It is.", remedy="Unlock it."))[LENGTH_BYTES:])
    assert isinstance(frame, Unreadable)
    assert (frame.code, frame.message, frame.remedy) == ("encrypted", "It is.", "Unlock it.")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"segment",
        b"segment\0x\0\0\0\0text",
        b"finished\0one",
        b"properties\0title",
        b"member\x003\0name",
        b"member\x003\0" + b"n" * 2000 + b"\0\0data",
        b"picture\0000\0\0\0002\0002\0\0\0\0\0xyz",
        b"picture\0000\0\0\0002",
        b"other\0" + b"1",
        b"\xff\xfe",
    ],
)
def test_what_is_no_frame_is_a_value_error(payload):
    with pytest.raises(ValueError, match=r".*"):
        unpack(payload)
