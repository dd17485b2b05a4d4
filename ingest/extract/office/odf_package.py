"""What is true of every OpenDocument file: where its parts are, what it says of itself, whether it is encrypted (ODF 1.3 part 2)."""

from typing import Final
from zipfile import ZipFile

from ingest.extract.archive import encrypted, inflate
from ingest.extract.facts import Facts, properties
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Properties, Unreadable

CONTENT: Final = "content.xml"
STYLES: Final = "styles.xml"
META: Final = "meta.xml"
MANIFEST: Final = "META-INF/manifest.xml"
ENCRYPTED = b"encryption-data"
NAMES = {
    "dc:title": "title",
    "meta:initial-creator": "author",
    "meta:creation-date": "created",
    "dc:date": "modified",
    "dc:language": "language",
}


def odf_properties(archive: ZipFile) -> Properties:
    """Return them, empty where the document has none; damaged ones must not cost its text."""
    facts = Facts(NAMES)
    try:
        for _ in parse(archive, META, facts):
            pass
    except Unreadable:
        return Properties()
    return properties(facts.found)


def refuse_encrypted(archive: ZipFile) -> None:
    """Each part is encrypted by itself, and the manifest says so."""
    if any(ENCRYPTED in piece for piece in inflate(archive, MANIFEST)):
        raise encrypted()
