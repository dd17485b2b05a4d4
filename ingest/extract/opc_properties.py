"""What an Office document says of itself: the core properties of its package (ECMA-376 part 2, section 11)."""

from zipfile import ZipFile

from ingest.extract.facts import properties
from ingest.extract.ooxml import parse, related
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
    core = _Core()
    try:
        for relation in related(archive, ""):
            if relation.kind == KIND:
                for _ in parse(archive, relation.part, core):
                    pass
    except Unreadable:
        return Properties()
    return properties(core.found)


class _Core:
    """Collects the elements that have a name of ours."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._open = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        self._open = NAMES.get(name, "")
        if self._open:
            self.found.setdefault(self._open, []).append("")

    def data(self, text: str) -> None:
        if self._open:
            self.found[self._open][-1] += text

    def end(self, name: str) -> None:
        del name
        self._open = ""
