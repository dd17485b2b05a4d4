"""The relations that lead from part to part of an Office document (ECMA-376 part 2, section 9.3)."""

import posixpath
from typing import Final, NamedTuple
from zipfile import ZipFile

from ingest.extract.office.xml_parts import damaged, parse

MAIN_PART: Final = "officeDocument"


class Relation(NamedTuple):
    """`kind` is the last word of its type; `key` is what the part calls it (r:id)."""

    kind: str
    part: str
    key: str


def main_part(archive: ZipFile) -> str:
    """Return the document, workbook or presentation that the archive is about."""
    for relation in related(archive, ""):
        if relation.kind == MAIN_PART and relation.part in archive.NameToInfo:
            return relation.part
    raise damaged("it has no document in it")


def related(archive: ZipFile, part: str) -> list[Relation]:
    """Return the relations of a part in the file's order; "" is the archive itself."""
    folder, name = posixpath.split(part)
    relations = _Relations(folder)
    for _ in parse(archive, posixpath.join(folder, "_rels", f"{name}.rels"), relations):
        pass
    return relations.found


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: list[Relation] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", self._folder, attributes.get("Target", ""))
            kind = attributes.get("Type", "").rpartition("/")[2]
            part = posixpath.normpath(target).lstrip("/")
            self.found.append(Relation(kind, part, attributes.get("Id", "")))

    def data(self, text: str) -> None:
        """Relations hold no text."""

    def end(self, name: str) -> None:
        """Nothing ends that matters."""
