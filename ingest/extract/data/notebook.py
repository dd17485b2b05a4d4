"""Jupyter notebooks: prose as it is, code in fences, of the outputs what they say.

Formats 3 and 4. Left out: pictures, widgets and the HTML of an output whose plain text is there; long outputs are cut.
"""

import json
from collections.abc import Iterator
from typing import BinaryIO, TypeGuard

from ingest.extract import plain
from ingest.extract.cut import segments
from ingest.extract.plain import open_text
from ingest.extract.segment import Item, Properties, clean

MOST_OUTPUT = 4_000  # characters of one
MARKUP = 20  # times as much source as text is read: pictures are most of a notebook


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; what is no notebook is read as the text it is."""
    text = "".join(open_text(source, most_characters=MARKUP * most_characters))
    try:
        notebook: object = json.loads(text)
    except (ValueError, RecursionError):
        notebook = None
    if not _is_object(notebook) or not _cells(notebook):
        yield from plain.read(source, first=first, most_characters=most_characters)
        return
    yield _properties(notebook)
    yield from segments(_texts(notebook), first=first)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _objects(value: object) -> list[dict[str, object]]:
    return [one for one in value if _is_object(one)] if _is_list(value) else []


def _object(value: object) -> dict[str, object]:
    return value if _is_object(value) else {}


def _cells(notebook: dict[str, object]) -> list[dict[str, object]]:
    """Format 3 has worksheets between the notebook and its cells."""
    sheets = _objects(notebook.get("worksheets"))
    return [cell for sheet in [notebook, *sheets] for cell in _objects(sheet.get("cells"))]


def _joined(value: object) -> str:
    """A text is stored whole or line by line."""
    if _is_list(value):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _properties(notebook: dict[str, object]) -> Properties:
    metadata = _object(notebook.get("metadata"))
    authors = [_joined(author.get("name")) for author in _objects(metadata.get("authors"))]
    return Properties(
        _joined(metadata.get("title")) or _first_heading(notebook), "; ".join(filter(None, authors))
    )


def _first_heading(notebook: dict[str, object]) -> str:
    for cell in _cells(notebook)[:10]:
        for line in (
            _joined(cell.get("source")).split("\n") if cell.get("cell_type") == "markdown" else []
        ):
            if line.startswith("# "):
                return line[2:].strip()
    return ""


def _texts(notebook: dict[str, object]) -> Iterator[str]:
    metadata = _object(notebook.get("metadata"))
    language = _joined(_object(metadata.get("language_info")).get("name")) or _joined(
        _object(metadata.get("kernelspec")).get("language")
    )
    for cell in _cells(notebook):
        for text in _cell(cell, language):
            if text.strip():
                yield clean(text).strip("\n") + "\n\n"


def _cell(cell: dict[str, object], language: str) -> Iterator[str]:
    source = _joined(cell.get("source") or cell.get("input"))
    match cell.get("cell_type"):
        case "code":
            yield _fenced(source, language)
            for output in _objects(cell.get("outputs")):
                yield _fenced(_output(output), "")
        case "heading":
            level = cell.get("level")
            yield f"{'#' * (level if isinstance(level, int) and 0 < level < 7 else 1)} {source}"
        case _:
            yield source


def _fenced(text: str, language: str) -> str:
    if not text.strip():
        return ""
    fence = "~~~" if "```" in text else "```"
    body = text.strip("\n")
    return f"{fence}{language}\n{body}\n{fence}"


def _output(output: dict[str, object]) -> str:
    data = _object(output.get("data")) or output
    text = _joined(output.get("text") or data.get("text/plain"))
    if output.get("output_type") in {"error", "pyerr"}:
        text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
    elif not text and data.get("text/html"):
        from ingest.extract.markup.html import (
            text_of,  # 30 ms of libxml2 that most notebooks do without
        )

        text = text_of(_joined(data["text/html"]))
    return (
        text
        if len(text) <= MOST_OUTPUT
        else f"{text[:MOST_OUTPUT]}\n(cut; {len(text):,} characters in all)"
    )
