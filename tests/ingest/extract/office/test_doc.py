import io
import struct
from pathlib import Path

import pytest

from ingest.extract.office.compound import Compound
from ingest.extract.office.doc import read
from ingest.extract.segment import Properties, Unreadable
from tests.ingest.make_files import texts
from tests.ingest.make_office import make_compound

DATA = Path(__file__).parents[3] / "data" / "files"


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


def make_older_doc(text, language, *, comment="", flags=0, magic=0xA5DC):
    """A document of Word 95, saved in one go."""
    head = bytearray(1024)
    struct.pack_into("<HHHHH", head, 0, magic, 104, 0, language, 0)
    struct.pack_into("<H", head, 10, flags)
    struct.pack_into("<I", head, 0x18, len(head))
    struct.pack_into("<5I", head, 0x34, len(text), 0, 0, 0, len(comment))
    page = "cp1251" if language == 0x419 else "cp1252"
    return make_compound({"WordDocument": bytes(head) + (text + comment).encode(page)})


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


def test_word_95_by_the_code_page_of_its_language():
    assert text_of(make_older_doc("\u0414\u0430\r", 0x419)) == "\u0414\u0430\n"
    content = make_older_doc("a\rb\x07\u00fc\x07\x07c\x07d\x07\x07", 0x407, comment="gone\r")
    assert text_of(content) == "a\n\nb | \u00fc\nc | d\n"


def test_older_documents_in_pieces():
    whole = make_older_doc("bc a", 0, flags=4)
    table = struct.pack("<3I", 0, 2, 4) + struct.pack("<2xI2x", 1026) + struct.pack("<2xI2x", 1024)
    clx = b"\x02" + struct.pack("<I", len(table)) + table
    stream = bytearray(Compound(io.BytesIO(whole)).read("WordDocument", most_bytes=10**5))
    struct.pack_into("<II", stream, 0x160, len(stream), len(clx))
    assert text_of(make_compound({"WordDocument": bytes(stream) + clx})) == "abc\n"


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
        (make_older_doc("a", 0, flags=0x100), "encrypted"),
        (make_older_doc("a", 0, magic=0xA699), "broken_file"),
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
