"""XML as text: titles as headings, paragraphs, lists, table rows; of data, `name: value` lines with the attributes that are words.

Well-known vocabularies are read by xml_roles.py; any other element with text around its children is a paragraph, without it a
field. expat reads it as a stream: no entity is expanded and nothing fetched, a file that declares entities is refused (all but
pictures, as patents do). What is no XML from the start is read as the HTML or plain text that it then is.
"""

from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from ingest.extract import plain
from ingest.extract.cut import segments
from ingest.extract.declared import open_declared
from ingest.extract.markup.xml_document import Document
from ingest.extract.opening import opened
from ingest.extract.segment import Item, Problem, Unreadable


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a document whose source alone is far too long is refused before its first one."""
    document = Document()
    source_texts = open_declared(source, most_characters=most_characters)
    try:
        texts = opened(_parse(source_texts, document))
    except expat.ExpatError:
        return _otherwise(source, first=first, most_characters=most_characters)
    return _items(document, texts, first)


def _otherwise(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    source.seek(0)
    opening = (
        source.read(plain.HEAD_BYTES).replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    )
    source.seek(0)
    if not opening.startswith(b"<"):
        return plain.read(source, first=first, most_characters=most_characters)
    from ingest.extract.markup import html  # 30 ms of libxml2 that most files do without

    return html.read(source, first=first, most_characters=most_characters)


def _items(document: Document, texts: Iterator[str], first: int) -> Iterator[Item]:
    yield document.properties()
    broken: list[int] = []
    ordinal = 0
    for segment in segments(_until_broken(texts, broken), first=0):
        ordinal = segment.ordinal + 1
        if segment.ordinal >= first:
            yield segment
    for line in broken:
        message = (
            f"From line {line:,} on the file is no well-formed XML; what stands before it was read."
        )
        remedy = "Mend the file and upload it again."
        yield Problem(ordinal, None, "broken_file", message, remedy)


def _until_broken(texts: Iterator[str], broken: list[int]) -> Iterator[str]:
    """Yield the texts; leave the line of an error in `broken`."""
    try:
        yield from texts
    except expat.ExpatError as error:
        broken.append(error.lineno)


def _parse(text: Iterator[str], document: Document) -> Iterator[str]:
    parser = expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.data
    parser.SkippedEntityHandler = document.skipped_entity
    parser.EntityDeclHandler = _refuse_entity
    for piece in text:
        parser.Parse(piece, False)
        yield document.blocks.drain()
    parser.Parse(b"", True)
    document.close_block()
    yield document.blocks.drain()


def _refuse_entity(name: str, *details: str | int | None) -> None:
    """`details` end with the notation, which names the program for a picture."""
    if details[-1] is None:
        raise Unreadable(
            "declares_entities",
            f"The XML declares an entity ({name[:40]}), by which a small file can grow without bound or read others.",
            remedy="Save it with its entities resolved, or as text or PDF.",
        )
