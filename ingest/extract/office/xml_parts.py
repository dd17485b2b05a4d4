"""XML parts of office documents and e-books as a stream of events.

expat, as defusedxml uses it: a document type with declarations of its own ends the reading, so no entity can be declared,
and nothing is fetched. Its own SAX reader would import urllib and cost each child 50 ms of CPU.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol
from xml.parsers import expat
from zipfile import ZipFile

from ingest.extract.archive import inflate
from ingest.extract.segment import Unreadable

PREFIXES = (
    ("wordprocessingml/2006/main", "w:"),
    ("wordprocessingml/main", "w:"),
    ("officeDocument/2006/math", "m:"),
    ("officeDocument/math", "m:"),
    ("presentationml/2006/main", "p:"),
    ("presentationml/main", "p:"),
    ("drawingml/2006/main", "a:"),
    ("drawingml/main", "a:"),
    ("drawingml/2006/chart", "c:"),
    ("drawingml/chart", "c:"),
    ("package/2006/metadata/core-properties", "cp:"),
    ("purl.org/dc/elements/1.1/", "dc:"),
    ("purl.org/dc/terms/", "dcterms:"),
    ("markup-compatibility/2006", "mc:"),
    ("package/2006/relationships", ""),
    ("opendocument:xmlns:office:1.0", "office:"),
    ("opendocument:xmlns:text:1.0", "text:"),
    ("opendocument:xmlns:table:1.0", "table:"),
    ("opendocument:xmlns:drawing:1.0", "draw:"),
    ("opendocument:xmlns:presentation:1.0", "presentation:"),
    ("opendocument:xmlns:style:1.0", "style:"),
    ("opendocument:xmlns:datastyle:1.0", "number:"),
    ("opendocument:xmlns:svg-compatible:1.0", "svg:"),
    ("opendocument:xmlns:meta:1.0", "meta:"),
    ("opendocument:xmlns:container", ""),
    ("idpf.org/2007/opf", ""),
)
REFERENCES = ("officeDocument/2006/relationships", "officeDocument/relationships")


class Events(Protocol):
    """Names carry their usual prefixes, other namespaces a `?`; of attributes only `r:id` and its like do."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def data(self, text: str) -> None: ...
    def end(self, name: str) -> None: ...


def parse(archive: ZipFile, part: str, events: Events) -> Iterator[None]:
    """Feed a part to `events`, pausing after each piece; an absent part is an empty one."""
    parser = _parser(events)
    anything = False
    try:
        for piece in inflate(archive, part):
            anything = True
            parser.Parse(piece, False)
            yield
        if anything:
            parser.Parse(b"", True)
    except expat.ExpatError as exc:
        raise damaged(f"line {exc.lineno} of {part} is no XML") from exc


def _parser(events: Events) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    names: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name not in names:
            names[name] = _short(name)
        events.start(names[name], {_plain(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        events.end(names[name])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = events.data
    parser.StartDoctypeDeclHandler = _refuse_declaration
    return parser


@lru_cache(1_000)  # documents have some dozens, each thousands of times
def _plain(key: str) -> str:
    uri, _, local = key.rpartition(" ")
    return f"r:{local}" if uri.endswith(REFERENCES) else local


def _refuse_declaration(name: str, _system: str | None, _public: str | None, has_own: int) -> None:
    """A type that stands elsewhere is harmless, as it is never fetched: old e-books name one."""
    if has_own:
        raise damaged(f"it declares a document type of its own ({name[:40]})")


def _short(name: str) -> str:
    uri, _, local = name.rpartition(" ")
    return next(
        (prefix + local for ending, prefix in PREFIXES if uri.endswith(ending)), "?" + local
    )


class Attributes:
    """Events that collect one attribute of each element of a name."""

    def __init__(self, element: str, attribute: str) -> None:
        self.found: list[str] = []
        self._element = element
        self._attribute = attribute

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._element:
            self.found.append(attributes.get(self._attribute, ""))

    def data(self, text: str) -> None:
        """Only attributes matter."""

    def end(self, name: str) -> None:
        """Nothing ends that matters."""


def damaged(how: str) -> Unreadable:
    return Unreadable(
        "broken_file",
        f"The file is damaged: {how}.",
        remedy="Open it in its own program, save it again and upload it.",
    )
