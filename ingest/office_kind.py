"""Which document a ZIP archive or a compound file (OLE2) is, by the names of its members; nothing is unpacked.

None: not an office document, so perhaps an archive of others, or something that is not read. A part of detect.py.
"""

from collections.abc import Collection
from pathlib import PurePath

from ingest.extract.office.compound import ENCRYPTED_PACKAGE
from ingest.formats import DOC, DOCX, EPUB, ODP, ODS, ODT, OUTLOOK, PPT, PPTX, XLS, XLSB, XLSX

CONTENT_TYPES = "[Content_Types].xml"
# Some programs number the main part (word/document2.xml), others do without the folder.
MAIN_PARTS = (
    ("word/", "document", ".xml", DOCX),
    ("ppt/", "presentation", ".xml", PPTX),
    ("xl/", "workbook", ".xml", XLSX),
    ("xl/", "workbook", ".bin", XLSB),
)
# ODF and EPUB name their type in a first member that is not packed. Templates have the type of what is made from them.
DECLARED_AT = 30
DECLARED = tuple((b"mimetype" + each.encode(), each) for each in (EPUB, ODT, ODS, ODP))
STREAMS = (
    ("worddocument", DOC),
    ("powerpoint document", PPT),
    ("workbook", XLS),
    ("book", XLS),
    ("__properties_version1.0", OUTLOOK),
)
BY_SUFFIX_WHEN_ENCRYPTED = {".docx": DOCX, ".pptx": PPTX, ".xlsb": XLSB}


def document_in_zip(head: bytes, names: Collection[str]) -> str | None:
    """Return the media type of the document that an archive with this beginning and these members is."""
    for declaration, media_type in DECLARED:
        if head.startswith(declaration, DECLARED_AT):
            return media_type
    parts = [name.replace("\\", "/") for name in names]  # some programs on Windows write it so
    is_package = CONTENT_TYPES in parts
    for folder, opening, ending, media_type in MAIN_PARTS:
        places = (folder + opening, opening) if is_package else (folder + opening,)
        if any(part.startswith(places) and part.endswith(ending) for part in parts):
            return media_type
    return EPUB if "META-INF/container.xml" in parts else None


def document_in_compound(streams: Collection[str], *, name: str) -> str | None:
    """Return the media type of a compound file with these streams at its root; the name tells encrypted ones apart."""
    if ENCRYPTED_PACKAGE in streams:
        return BY_SUFFIX_WHEN_ENCRYPTED.get(PurePath(name).suffix.lower(), XLSX)
    present = {stream.lower() for stream in streams}
    return next((media_type for stream, media_type in STREAMS if stream in present), None)
