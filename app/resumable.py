"""Sending a large file so that it goes on where it was cut, in this command or in the next one (docs/uploads.md).

Where an upload was begun is kept in a small file until it is complete; the server forgets it after a day, and then it begins
anew.
"""

import hashlib
import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from app.client import Client
from app.client_shapes import Arrived, Part, Upload
from core.errors import RecollectError

RESUMED_BYTES: Final = 8_000_000  # smaller files are sent at once
CHUNK_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this machine, as it was when it was hashed, and what it is opened with."""

    path: Path
    folder: str
    size_bytes: int
    sha256: str
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """Return what the server calls it."""
        return as_text(self.path.name)

    @property
    def upload(self) -> Upload:
        return Upload(self.name, self.folder, self.size_bytes, self.password)


def as_text(path: str) -> str:
    """Return a path of this machine as text: names that are no UTF-8 are read as old Windows disks wrote them."""
    return "/".join(map(_part_as_text, path.split("/")))


def _part_as_text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("cp1252", "replace")
    return name


@dataclass(slots=True)
class Sending:
    """One try: tells of each byte, and takes it back when the try fails."""

    tell: Callable[[int], None]
    told_bytes: int = 0
    resumed_bytes: int = 0  # what was there before this try

    def sent(self, count: int) -> None:
        self.told_bytes += count
        self.tell(count)

    def resume(self, offset: int) -> None:
        """Count what an earlier try has brought."""
        self.resumed_bytes = offset
        self.sent(offset)

    def take_back(self) -> None:
        self.tell(-self.told_bytes)
        self.told_bytes = 0


async def send_resumable(client: Client, file: LocalFile, *, sending: Sending, notes: Path) -> UUID:
    """Send what the server lacks, and return the file's id."""
    note = notes / note_name(client.url, file)
    address, arrived = await _place(client, file, note)
    sending.resume(arrived.offset)
    size_bytes = file.size_bytes - arrived.offset
    if arrived.file_id is None:
        content = read_from(file.path, arrived.offset, sent=sending.sent)
        rest = Part(arrived.offset, size_bytes, file.password)
        arrived = await client.append(address, content, part=rest)
    note.unlink(missing_ok=True)
    if arrived.file_id is None:
        raise RecollectError(f"{file.path} changed while it was sent: send it again")
    return arrived.file_id


def note_name(url: str, file: LocalFile) -> str:
    """Return the name of what is kept of an upload: the same for the same bytes, place and server."""
    known = f"{url}\0{file.sha256}\0{file.folder}\0{file.name}"
    return hashlib.sha256(known.encode()).hexdigest()


def notes_folder() -> Path:
    """Return where uploads under way are noted; nothing in it is secret."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "recollect" / "uploads"


async def read_from(
    path: Path, offset: int, *, sent: Callable[[int], None]
) -> AsyncGenerator[bytes]:
    """Yield the file's bytes from `offset` on, and tell of each piece that was taken."""
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
            sent(len(chunk))


async def _place(client: Client, file: LocalFile, note: Path) -> tuple[str, Arrived]:
    """Return where to go on, or where the upload begins."""
    address = _read(note)
    if address and (arrived := await client.arrived(address, file.password)) is not None:
        return address, arrived
    address = await client.begin_upload(file.upload)
    _write(note, address)
    return address, Arrived(0, None)


def _read(note: Path) -> str:
    return note.read_text(encoding="utf-8").strip() if note.exists() else ""


def _write(note: Path, address: str) -> None:
    note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    note.write_text(f"{address}\n", encoding="utf-8")
