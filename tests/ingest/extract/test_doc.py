import io
import struct
from pathlib import Path

import pytest

from ingest.extract.doc import read
from ingest.extract.segment import Properties, Unreadable
from tests.ingest.make_files import texts
from tests.ingest.make_office import make_compound

DATA = Path(__file__).parents[2] / "data" / "files"


def make_doc(*pieces, lengths=None, flags=0, version=0xC1, clx=None):
    """A document of the given pieces, in one byte a character where they can be; `lengths` of its stories."""
    head, text, places = bytearray(1024), b"", []
    ends = [0]
    for piece in pieces:
        is_narrow = piece.isascii()
        place = len(head) + len(text)
        places.append(place * 2 | 1 << 30 if is_narrow else place)
        text += piece.encode("ascii" if is_narrow else "utf-16-le")
        ends.append(ends[-1] + len(piece))
    table = struct.pack(f"<{len(ends)}I", *ends)
    table += b"".join(struct.pack("<2xI2x", place) for place in places)
    table = b"\x01\x02\x00ab\x02" + struct.pack("<I", len(table)) + table if clx is None else clx
    struct.pack_into("<HH6xH", head, 0, 0xA5EC, version, flags)
    struct.pack_into("<7I", head, 0x4C, *(lengths or [ends[-1], 0, 0, 0, 0, 0, 0])[:3], 0, 0, 0, 0)
    for at, length in zip((0x5C, 0x60, 0x64, 0x68), (lengths or [0] * 7)[3:], strict=True):
        struct.pack_into("<I", head, at, length)
    struct.pack_into("<II", head, 0x1A2, 0, len(table))
    return make_compound({"WordDocument": bytes(head) + text, "0Table": table})


def items_of(content):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def text_of(content):
    return "".join(texts(items_of(content)))


def test_pieces_of_two_kinds():
    assert (
        text_of(make_doc("plain \r", "gr\u00fcn \u20ac", "uel\r"))
        == "plain\n\ngr\u00fcn \u20acuel\n"
    )


def test_notes_boxes_headers_and_footers_follow_and_comments_are_left_out():
    stories = ["body\r", "note\r", "head\r", "said\r", "last\r", "box\r", "top\r"]
    content = make_doc("".join(stories), lengths=[len(story) for story in stories])
    assert text_of(content) == "body\n\nnote\n\nlast\n\nbox\n\nhead\n\ntop\n"


def test_a_real_document_with_a_table():
    properties, *segments = items_of((DATA / "fake-doc-emphasized-text.doc").read_bytes())
    assert properties == Properties(
        author="Win", created="2023-08-04T07:32:00Z", modified="2023-08-04T07:32:00Z"
    )
    assert "".join(texts(segments)) == (
        "Header Col 1 | Header Col 2\nA bold italic bold-italic example | A Link example\n\n"
        "I am a bold italic bold-italic text.\n\nI am a normal text.\n"
    )


def test_a_real_document_with_a_heading_and_a_list():
    text = text_of((DATA / "simple.doc").read_bytes())
    assert text.startswith(
        "# These are a few of my favorite things:\n\n\u2022 Parrots\n\n\u2022\n\n- Hockey\n"
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (make_doc("a", flags=0x100), "encrypted"),
        (make_doc("a", version=0x68), "old_format"),
        (make_doc("a", clx=b""), "broken_file"),
        (make_doc("a", clx=b"\x02\xff\xff\xff\x7f"), "broken_file"),
        (make_compound({"WordDocument": b"no document at all"}), "broken_file"),
        (make_compound({"WordDocument": b""}), "broken_file"),
    ],
)
def test_what_cannot_be_read_is_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == code
