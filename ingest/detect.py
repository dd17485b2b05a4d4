"""What kind of file this is, by its bytes. The name only says which kind of text a text is.

Reads a little of the head and, for ZIP archives and compound files, the members' names; nothing is unpacked. None: stored,
but not read.
"""

from pathlib import PurePath
from typing import BinaryIO

from ingest.container_kind import kind_of_mail, kind_of_packed, kind_of_zip
from ingest.extract.encoding import sniff
from ingest.extract.office.compound import SIGNATURE, Compound
from ingest.extract.segment import Unreadable
from ingest.extract.zip_directory import member_names
from ingest.formats import BY_SUFFIX, HTML, PDF, RTF
from ingest.languages import BY_NAME
from ingest.media_kind import picture_kind
from ingest.office_kind import document_in_compound, document_in_zip
from ingest.text_kind import kind_of_text

HEAD_BYTES = 8192
PDF_HEADER_WITHIN = (
    1024  # readers accept junk before %PDF- up to here (ISO 32000, implementation note 13)
)
POSTSCRIPT = b"%!PS"  # a text by its bytes, but not for a reader


def detect(source: BinaryIO, *, name: str) -> str | None:
    """Return the media type, or None when it is not one that Recollect reads."""
    source.seek(0)
    head = source.read(HEAD_BYTES)
    if (marked := _by_mark(source, head, name)) is not None:
        return marked
    encoding = sniff(head)
    text = head.decode(encoding, errors="ignore") if encoding is not None else ""
    suffix = suffix_of(name)
    if _opens_as_html(text):
        return HTML
    if head.startswith(b"%PDF-") or (
        b"%PDF-" in head[:PDF_HEADER_WITHIN] and (encoding is None or suffix not in BY_SUFFIX)
    ):
        return PDF
    if encoding is None:  # a self-extracting archive begins with a program
        names = member_names(source)
        return kind_of_zip(names) if names else None
    if head.startswith(POSTSCRIPT):
        return None
    return kind_of_mail(text, suffix=suffix) or kind_of_text(text, suffix=suffix)


def suffix_of(name: str) -> str:
    """Return a name's suffix in lower case; of a name without one that is known (Makefile) the suffix that it stands for."""
    path = PurePath(name.lower())
    return path.suffix or BY_NAME.get(path.name, "")


def _by_mark(source: BinaryIO, head: bytes, name: str) -> str | None:
    """Return what the first bytes alone say."""
    if head.startswith(b"PK\x03\x04"):
        names = member_names(source)
        return document_in_zip(head, names) or kind_of_zip(names)
    if head.startswith(SIGNATURE):
        return _compound(source, name)
    if head.startswith(b"{\\rtf"):
        return RTF
    return kind_of_packed(head) or picture_kind(head)


def _compound(source: BinaryIO, name: str) -> str | None:
    try:
        return document_in_compound(Compound(source).streams, name=name)
    except Unreadable:
        return None


def _opens_as_html(text: str) -> bool:
    """Skip comments and an XML declaration, as a browser does."""
    rest = text.lstrip("\ufeff \t\r\n")
    while rest.startswith(("<!--", "<?")):
        end = "-->" if rest.startswith("<!--") else "?>"
        rest = rest.partition(end)[2].lstrip()
    return rest[:14].lower().startswith(("<!doctype html", "<html"))
