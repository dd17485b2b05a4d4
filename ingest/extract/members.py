"""What is shared by the formats that hold files: one run of ordinals over text, files and problems; names that are safe.

An item before `first` was yielded by an earlier child and is made again without being sent. A problem that takes the place
of a member's next piece says that the member is lost.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from ingest.extract.cut import segments
from ingest.extract.segment import MEMBER_PIECE, Item, Member, Problem, clean, too_much_text

LONGEST_PART = 250  # bytes of one part of a path
LONGEST_FOLDER = 1_000
HELD = 64_000  # characters of text before they are sent; four segments
NAMED = 3  # files that a problem names
DRIVE = re.compile(r"^[A-Za-z]:")
JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


class Output:
    """Numbers what an extractor yields, from 0 on."""

    def __init__(self, first: int, most_characters: int) -> None:
        self._first = first
        self._ordinal = 0
        self._held: list[str] = []
        self._held_characters = self._characters = 0
        self._most_characters = most_characters
        self._paths: dict[str, int] = {}

    def text(self, text: str) -> Iterator[Item]:
        """Hold text back until there is a good deal of it; flush() before a place where it should be cut."""
        self._held.append(text)
        self._held_characters += len(text)
        self._characters += len(text)
        if self._characters > self._most_characters:
            raise too_much_text(self._most_characters)
        if self._held_characters > HELD:
            yield from self.flush()

    def flush(self) -> Iterator[Item]:
        for segment in segments(self._held, first=0):
            yield from self._numbered(segment._replace(ordinal=self._ordinal))
        self._held, self._held_characters = [], 0

    def member(self, path: str, pieces: Iterable[bytes]) -> Iterator[Item]:
        """Yield a file's pieces under a path of its own; one without bytes is left out."""
        yield from self.flush()
        path = unique(path, self._paths)
        held = b""
        for piece in _sliced(pieces):
            if held and self._ordinal >= self._first:
                yield Member(self._ordinal, path, held, False)
            held = piece
        if held:
            yield from self._numbered(Member(self._ordinal, path, held, True))

    def skips(self, path: str) -> bool:
        """Say whether the next member was sent before, and if so count it as made: it need not be unpacked.

        Only for one that has bytes, and when no text is held back.
        """
        if self._ordinal >= self._first:
            return False
        unique(path, self._paths)
        self._ordinal += 1
        return True

    def problem(self, code: str, message: str, remedy: str) -> Iterator[Item]:
        yield from self.flush()
        yield from self._numbered(Problem(self._ordinal, None, code, clean(message), remedy))

    def _numbered(self, item: Item) -> Iterator[Item]:
        self._ordinal += 1
        if self._ordinal > self._first:
            yield item


class Skipped:
    """Files that are left in the archive: said once a reason, however many they are."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str], list[str]] = {}
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, name: str, code: str, *, because: str, remedy: str) -> None:
        reason = (code, because, remedy)
        self._counts[reason] = self._counts.get(reason, 0) + 1
        names = self._names.setdefault(reason, [])
        if len(names) < NAMED:
            names.append(shown(name) or "one without a name")

    def report(self, output: Output) -> Iterator[Item]:
        for (code, because, remedy), names in self._names.items():
            count = self._counts[code, because, remedy]
            more = f" and {count - len(names):,} more" if count > len(names) else ""
            yield from output.problem(
                code, f"Not taken out, because {because}: {', '.join(names)}{more}.", remedy
            )


def unique(path: str, seen: dict[str, int]) -> str:
    """Two files may have one name in a mail or an archive: the second is called "name (2).ext"."""
    count = seen[path] = seen.get(path, 0) + 1
    if count == 1:
        return path
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    new = f"{stem} ({count}).{extension}" if dot and stem else f"{name} ({count})"
    return unique(f"{folder}{slash}{new}", seen)


def safe_path(name: str) -> str | None:
    """Return a member's path with / between clean parts, or None for one that leads out of the archive."""
    unified = name.replace("\\", "/")
    parts = [shown(part) for part in unified.split("/")]
    if unified.startswith("/") or DRIVE.match(unified) or ".." in parts:
        return None
    kept = [_cut(part, LONGEST_PART) for part in parts if part and part != "."]
    if not kept:
        return None
    folder = _cut("/".join(kept[:-1]), LONGEST_FOLDER)
    return f"{folder}/{kept[-1]}" if folder else kept[-1]


def shown(text: str) -> str:
    """Return text without what cannot be seen: control characters, overrides of direction, lone surrogates."""
    if text.isascii() and text.isprintable():
        return text.strip()
    visible = (c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    return "".join(visible).strip()


def is_junk(path: str) -> bool:
    """Say whether it is something that a program left there and no person put in."""
    return JUNK.search(path) is not None


def listing(paths: Iterable[str]) -> str:
    return "".join(f"- {path}\n" for path in paths)


def pieces_of(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while piece := read(MEMBER_PIECE):
        yield piece


def _sliced(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), MEMBER_PIECE):
            yield piece[start : start + MEMBER_PIECE]


def _cut(text: str, most_bytes: int) -> str:
    """Shorten, and keep the extension: it says what kind of text a text is."""
    if len(text.encode()) <= most_bytes:
        return text
    stem, dot, extension = text.rpartition(".")
    tail = f".{extension}" if dot and len(extension) <= 16 and "/" not in extension else ""
    return (stem if tail else text).encode()[: most_bytes - 20].decode(errors="ignore") + tail
