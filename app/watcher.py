"""Keep the server's files like those of a folder, a look at a time (app/watch_look.py says what a look asks for).

A changed file becomes a new version, one that is gone goes into the bin, a moved one (the same bytes at another path) is sent
to its new place before its old one goes. What is refused is told once, and tried again when it has changed or ten minutes
later. Bytes that the server has at their place already are not sent.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from app.cli_upload import reason_of
from app.client import Client
from app.resumable import (
    RESUMED_BYTES,
    LocalFile,
    Sending,
    as_text,
    read_from,
    send_resumable,
)
from app.watch_look import Known, Look, Paths, Seen, is_mass, look, plan
from app.watch_state import WatchState
from core.errors import NotFound, NotSignedIn, RecollectError, Unavailable

AT_ONCE: Final = 4
AGAIN_S: Final = 600.0  # a file that is refused was hashed, and perhaps sent, for nothing
MASS_AT_LEAST: Final = 5  # fewer deletions are somebody tidying up


@dataclass(frozen=True, slots=True)
class _Wait:
    """A file that was refused, as it was then."""

    seen: Seen
    until: float


@dataclass(slots=True)
class Watcher:
    """One folder; `tell` says what happens, `allow` is asked before many files are deleted."""

    client: Client
    root: Path
    folder: str  # of the server: where the watched folder is
    state: WatchState
    notes: Path
    delete_over_percent: float
    tell: Callable[[str], None]
    allow: Callable[[int, int], bool]
    _before: Look | None = None
    _told: dict[str, str] = field(default_factory=dict[str, str])
    _kept: Paths = ()  # whose deletion was refused
    _waits: dict[str, _Wait] = field(default_factory=dict[str, _Wait])
    clock: Callable[[], float] = time.monotonic

    async def round(self) -> None:
        """Look once and do what that asks for; OSError without the folder, Unavailable without the server."""
        before, now = self._before, await asyncio.to_thread(look, self.root)
        self._before = now
        for folder in now.unread:
            self._trouble(folder, "cannot be read")
        if before is None:
            return
        asked = plan(self.state.files, before, now)
        try:
            await self._send_all(asked.check, now.files)
            await self._delete_all(asked.gone)
        finally:
            if asked.check or asked.gone:
                await asyncio.to_thread(self.state.save)

    async def _send_all(self, paths: Paths, seen: Mapping[str, Seen]) -> None:
        waiting = iter(paths)

        async def work() -> None:
            for path in waiting:
                wait = self._waits.pop(path, None)
                if wait is not None and wait.seen == seen[path] and self.clock() < wait.until:
                    self._waits[path] = wait
                elif not await self._tried(path, self._send(path, seen[path])):
                    self._waits[path] = _Wait(seen[path], self.clock() + AGAIN_S)

        # Not a TaskGroup: one error of the server as it is, not a group of them.
        done = await asyncio.gather(*(work() for _ in range(AT_ONCE)), return_exceptions=True)
        for error in filter(None, done):
            raise error

    async def _delete_all(self, gone: Paths) -> None:
        lost = self._lost(gone)
        of, percent = len(self.state.files), self.delete_over_percent
        is_kept = False
        if is_mass(len(lost), of, over_percent=percent, at_least=MASS_AT_LEAST):
            is_kept = lost == self._kept or not await asyncio.to_thread(self.allow, len(lost), of)
        self._kept = lost if is_kept else ()
        for path in sorted(set(gone) - set(self._kept)):  # moved ones leave their old place
            await self._tried(path, self._delete(path))

    def _lost(self, gone: Paths) -> Paths:
        """Return those of the gone whose bytes are nowhere else in the folder."""
        left = {known.sha256 for path, known in self.state.files.items() if path not in set(gone)}
        return tuple(path for path in gone if self.state.files[path].sha256 not in left)

    async def _send(self, path: str, seen: Seen) -> None:
        file = await asyncio.to_thread(hashed, self.root, path, self.folder)
        known = self.state.files.get(path)
        if known is None or known.sha256 != file.sha256:
            file_id = await self._place(file, known)
            known = Known(str(file_id), file.sha256, seen)
        # As it was when we looked: what was written meanwhile is found by the next look.
        self.state.files[path] = Known(known.file_id, known.sha256, seen)

    async def _place(self, file: LocalFile, known: Known | None) -> UUID:
        """Have the server hold these bytes at this place; return the file's id."""
        if known is not None:
            try:
                return await self._replace(UUID(known.file_id), file)
            except NotFound:
                pass  # somebody deleted it there, and it is here: it comes anew
        found = await self.client.file_at(file.folder, file.name)
        if found is None:
            return await self._create(file)
        return found.id if found.sha256 == file.sha256 else await self._replace(found.id, file)

    async def _replace(self, file_id: UUID, file: LocalFile) -> UUID:
        await self.client.replace(file_id, file.upload, read_from(file.path, 0, sent=_unheard))
        self.tell(f"changed {shown(file)}")
        return file_id

    async def _create(self, file: LocalFile) -> UUID:
        if file.size_bytes > RESUMED_BYTES:
            sending = Sending(_unheard)
            made = await send_resumable(self.client, file, sending=sending, notes=self.notes)
        else:
            made = await self.client.upload(file.upload, read_from(file.path, 0, sent=_unheard))
        self.tell(f"new {shown(file)}")
        return made

    async def _delete(self, path: str) -> None:
        try:
            await self.client.delete_file(UUID(self.state.files[path].file_id))
            self.tell(f"gone {'/'.join(filter(None, (self.folder, as_text(path))))}")
        except NotFound:
            pass
        del self.state.files[path]

    async def _tried(self, path: str, work: Coroutine[None, None, None]) -> bool:
        """Tell what one file meets, and return whether it met nothing; what all of them would meet goes up."""
        try:
            await work
        except (Unavailable, NotSignedIn):
            raise
        except FileNotFoundError:
            return True  # gone again
        except (RecollectError, OSError) as error:
            self._trouble(path, reason_of(error))
            return False
        self._told.pop(path, None)
        return True

    def _trouble(self, path: str, reason: str) -> None:
        if self._told.get(path) != reason:
            self._told[path] = reason
            self.tell(f"{as_text(path)}: {reason}")


def hashed(root: Path, path: str, folder: str) -> LocalFile:
    """Return the file as it is now, with the server's folder that it belongs in."""
    with (root / path).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        inner = path.rpartition("/")[0]
        place = "/".join(part for part in (folder, as_text(inner)) if part)
        return LocalFile(root / path, place, file.tell(), sha256)


def shown(file: LocalFile) -> str:
    """Return where the file is on the server."""
    return "/".join(filter(None, (file.folder, file.name)))


def _unheard(count: int) -> None:
    del count
