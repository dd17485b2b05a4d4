"""Web pages saved as one file (MHTML, RFC 2557): the page itself, as html.py reads it; pictures and style sheets are left out."""

import binascii
import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from ingest.extract import plain
from ingest.extract.mail.mime import Part, parse
from ingest.extract.mail.mime_words import from_base64, iso_date
from ingest.extract.markup import html
from ingest.extract.segment import Item, Properties, Unreadable

MOST_BYTES = 2**28


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; what holds no page is read as the text it is."""
    data = source.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        remedy = "Save the page as HTML and upload that."
        raise Unreadable("too_large", "The saved page is too large to read.", remedy=remedy)
    root = parse(data)
    page = next((part for part in root.all() if part.content_type.kind == "text/html"), None)
    if page is None:
        return plain.read(source, first=first, most_characters=most_characters)
    content = io.BytesIO(_declared(page) + _content(data, page))
    items = html.read(content, first=first, most_characters=most_characters)
    return chain([_properties(root, next(items))], items)


def _content(data: bytes, part: Part) -> bytes:
    raw = data[part.start : part.end]
    if part.encoding == "quoted-printable":
        return binascii.a2b_qp(raw)
    return from_base64(raw) if part.encoding == "base64" else raw


def _declared(part: Part) -> bytes:
    """What the part's header says of its encoding, as the page itself would."""
    charset = part.content_type.parameters.get("charset", "")
    return f"<!-- charset={charset} -->".encode("ascii", "ignore") if charset else b""


def _properties(root: Part, of_page: Item) -> Properties:
    """The page's own words, else what the browser noted when it saved it."""
    assert isinstance(of_page, Properties)
    title = of_page.title or root.headers.get("subject", "")
    created = of_page.created or iso_date(root.headers.get("date", ""))
    return of_page._replace(title=title, created=created)
