"""The outline of a PDF as headings in its text: a `#` line where a page shows the title, else where the page begins."""

from collections.abc import Iterable, Sequence
from typing import Final

from ingest.extract.pdf.document import Entry

DEEPEST_HEADING: Final = 6
MOST_LINES: Final = 3  # that one title takes


def by_page(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    """Return the entries that have a title by the page they lead to."""
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.title.strip():
            found.setdefault(entry.page, []).append(entry)
    return found


def with_headings(lines: Sequence[str], entries: Sequence[Entry]) -> list[str]:
    """Return the lines with each title marked once; a title that no line shows stands before them all."""
    wanted = {_normal(entry.title.split()): entry for entry in entries}
    out = list[str]()
    number = 0
    while number < len(lines):
        taken = 1
        for count in range(1, MOST_LINES + 1):
            title = " ".join(lines[number : number + count]).strip()
            if entry := _take(title, wanted):
                out.append(_heading(title, entry))
                taken = count
                break
        else:
            out.append(lines[number])
        number += taken
    return [_heading(" ".join(e.title.split()), e) for e in wanted.values()] + out


def _take(title: str, wanted: dict[str, Entry]) -> Entry | None:
    """Return the entry of this title; an outline often leaves out the number that the page shows."""
    words = title.split()
    return wanted.pop(_normal(words), None) or wanted.pop(_normal(words[1:]), None)


def _heading(title: str, entry: Entry) -> str:
    return f"{'#' * min(entry.level, DEEPEST_HEADING)} {title}"


def _normal(words: Sequence[str]) -> str:
    return "".join(words).casefold()
