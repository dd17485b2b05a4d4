"""Presentations of PowerPoint 97, made when a test runs."""

import struct

from tests.ingest.make_office import make_compound


def record(kind, content, *, instance=0):
    return struct.pack("<HHI", instance << 4, kind, len(content)) + content


def container(kind, *children, instance=0):
    content = b"".join(children)
    return struct.pack("<HHI", instance << 4 | 0xF, kind, len(content)) + content


def number(kind, value):
    return record(kind, struct.pack("<I", value))


def typed(kind, text):
    """A text of that kind, in one byte a character where it can be."""
    narrow = text.isascii()
    encoded = text.encode("latin-1" if narrow else "utf-16-le")
    return number(0x0F9F, kind) + record(0x0FA8 if narrow else 0x0FA0, encoded)


def make_slide(*texts, notes=0):
    facts = record(0x03EF, struct.pack("<16xI4x", notes))
    return container(0x03EE, facts, container(0x040C, *texts))


def make_ppt(slides, *, notes=(), outlines=None, token=0xE391C05F, edits=1):
    """The slides' and notes' containers, the outline of each slide; saved several times where asked for."""
    stream, places = b"", []
    for content in (*slides, *notes):
        places.append(len(stream))
        stream += content
    listed = [
        record(0x03F3, struct.pack("<I8xI4x", n + 2, 256 + n))
        + b"".join((outlines or {}).get(n, []))
        for n in range(len(slides))
    ]
    noted = [
        record(0x03F3, struct.pack("<I8xI4x", len(slides) + n + 2, 900 + n))
        for n in range(len(notes))
    ]
    document = container(
        0x03E8,
        container(0x0FF0, *listed, instance=0),
        container(0x0FF0, *noted, instance=2),
    )
    previous = 0
    for _ in range(edits):
        at = len(stream)
        stream += document
        directory = len(stream)
        count = len(places) + 1
        stream += record(0x1772, struct.pack(f"<{count + 1}I", count << 20 | 1, at, *places))
        edit = len(stream)
        stream += record(0x0FF5, struct.pack("<II3I4x", 0, 0, previous, directory, 1))
        previous = edit
    current = bytes(12) + struct.pack("<II", token, previous)
    return make_compound({"PowerPoint Document": stream, "Current User": current})
