"""E-books (EPUB 2 and 3): the book's description, then the chapters in the order of the spine, each read as HTML (html.py).

Left out: the table of contents, pictures but for their descriptions, books whose chapters are encrypted (DRM).
"""

import io
import posixpath
import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import unquote
from zipfile import ZipFile

from ingest.extract.archive import inflate, open_archive
from ingest.extract.cut import segments
from ingest.extract.facts import Facts, properties
from ingest.extract.markup.html import page_texts
from ingest.extract.office.xml_parts import Attributes, parse
from ingest.extract.segment import Item, Unreadable, clean

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
FONTS_ONLY = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
MODIFIED = "dcterms:modified"
NAMES = {
    "dc:title": "title",
    "dc:creator": "author",
    "dc:language": "language",
    "dc:date": "created",
    "dc:description": "description",
    MODIFIED: "modified",
}
TITLE = re.compile(rb"<title\b[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
HEADING = re.compile(rb"<h[1-6]\b", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")
HEAD_BYTES = 16_384  # of a chapter; its title stands there


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a chapter is in memory as a whole, and refused when it is far too long."""
    archive = open_archive(source)
    _refuse_protected(archive)
    book = _book(archive)
    facts = properties(book.facts.found)
    yield facts
    chapters = _chapters(archive, book, title=facts.title, most_characters=most_characters)
    yield from segments(chapters, first=first)


def _refuse_protected(archive: ZipFile) -> None:
    algorithms = Attributes("?EncryptionMethod", "Algorithm")
    for _ in parse(archive, ENCRYPTION, algorithms):
        pass
    if not FONTS_ONLY.issuperset(algorithms.found):
        raise Unreadable(
            "encrypted",
            "The book is protected against copying (DRM).",
            remedy="Only its seller's programs can read it; upload a copy without protection.",
        )


def _book(archive: ZipFile) -> "_Book":
    paths = Attributes("rootfile", "full-path")
    for _ in parse(archive, CONTAINER, paths):
        pass
    path = next((path for path in paths.found if path in archive.NameToInfo), "")
    book = _Book(posixpath.dirname(path))
    for _ in parse(archive, path, book):
        pass
    if not book.spine:
        raise Unreadable(
            "broken_file",
            "The file is damaged: it does not say what its chapters are.",
            remedy="Get the book anew, or convert it to PDF and upload that.",
        )
    return book


class _Book:
    """The package document: what the book says of itself, its files, and which are read in what order."""

    def __init__(self, folder: str) -> None:
        self.facts = Facts(NAMES)
        self.spine: list[str] = []
        self._folder = folder
        self._pages: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "meta" and attributes.get("property") == MODIFIED:
            name = MODIFIED
        self.facts.start(name, attributes)
        if name == "item" and attributes.get("media-type") in PAGES:
            if "nav" not in attributes.get("properties", "").split():
                path = posixpath.join(self._folder, unquote(attributes.get("href", "")))
                self._pages[attributes.get("id", "")] = posixpath.normpath(path)
        elif name == "itemref" and attributes.get("idref") in self._pages:
            self.spine.append(self._pages.pop(attributes["idref"]))

    def data(self, text: str) -> None:
        self.facts.data(text)

    def end(self, name: str) -> None:
        self.facts.end(name)


def _chapters(archive: ZipFile, book: _Book, *, title: str, most_characters: int) -> Iterator[str]:
    description = _plain(" ".join(book.facts.found.get("description", [])))
    if description:
        yield f"{description}\n"
    gap, last_title = "\n" if description else "", ""
    for path in book.spine:
        content = b"".join(inflate(archive, path))
        named = TITLE.search(content, 0, HEAD_BYTES)
        if named:
            own_title = _plain(named[1].decode("utf-8", "replace"))
            if HEADING.search(content) or _is_known(own_title, (title, last_title)):
                content = content[: named.start()] + content[named.end() :]
            last_title = own_title
        pieces = _texts(content, most_characters=most_characters)
        if opening := next(pieces, ""):
            yield gap + opening
            yield from pieces
            gap = "\n"


def _plain(markup: str) -> str:
    return clean(" ".join(TAG.sub(" ", markup).split()))


def _is_known(own: str, others: tuple[str, str]) -> bool:
    """Most programs give each chapter the title of the book, some with a few words around it."""
    return any(other and other.casefold() in own.casefold() for other in others)


def _texts(content: bytes, *, most_characters: int) -> Iterator[str]:
    if content:
        yield from filter(None, page_texts(io.BytesIO(content), most_characters=most_characters))
