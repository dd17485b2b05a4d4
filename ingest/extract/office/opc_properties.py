"""What an Office document says of itself: the core properties of its package (ECMA-376 part 2, section 11)."""

from zipfile import ZipFile

from ingest.extract.facts import Facts, properties
from ingest.extract.office.ooxml import related
from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import Properties, Unreadable

KIND = "core-properties"
NAMES = {
    "dc:title": "title",
    "dc:creator": "author",
    "dc:language": "language",
    "dcterms:created": "created",
    "dcterms:modified": "modified",
}


def core_properties(archive: ZipFile) -> Properties:
    """Return them, empty where the document has none; damaged ones must not cost its text."""
    facts = Facts(NAMES)
    try:
        for relation in related(archive, ""):
            if relation.kind == KIND:
                for _ in parse(archive, relation.part, facts):
                    pass
    except Unreadable:
        return Properties()
    return properties(facts.found)
