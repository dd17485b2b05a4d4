"""What an OpenDocument file says of itself: meta.xml (ODF 1.3 part 3, section 4.3)."""

from zipfile import ZipFile

from ingest.extract.facts import Facts, properties
from ingest.extract.ooxml import parse
from ingest.extract.segment import Properties, Unreadable

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
        for _ in parse(archive, "meta.xml", facts):
            pass
    except Unreadable:
        return Properties()
    return properties(facts.found)
