"""Keep the server's files like those of a folder, a look at a time (app/watch_look.py says what a look asks for).

A changed file becomes a new version, one that is gone goes into the bin, a moved one (the same bytes at another path) is sent
to its new place before its old one goes. What fails is told once and tried again at the next look. Bytes that the server has
at their place already are not sent.
"""

import asyncio
import hashlib
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
MASS_AT_LEAST: Final = 5  # fewer deletions are somebody tidying up


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
    _refused: Paths = ()

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
                await self._tried(path, self._send(path, seen[path]))

        # Not a TaskGroup: one error of the server as it is, not a group of them.
        done = await asyncio.gather(*(work() for _ in range(AT_ONCE)), return_exceptions=True)
        for error in filter(None, done):
            raise error

    async def _delete_all(self, gone: Paths) -> None:
        lost = self._lost(gone)
        of, percent = len(self.state.files), self.delete_over_percent
        if is_mass(len(lost), of, over_percent=percent, at_least=MASS_AT_LEAST):
            if lost == self._refused:
                return
            if not await asyncio.to_thread(self.allow, len(lost), of):
                self._refused = lost
                return
        self._refused = ()
        for path in gone:
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

    async def _tried(self, path: str, work: Coroutine[None, None, None]) -> None:
        """Tell what one file meets; what all of them would meet goes up."""
        try:
            await work
        except (Unavailable, NotSignedIn):
            raise
        except FileNotFoundError:
            return  # gone again
        except (RecollectError, OSError) as error:
            self._trouble(path, reason_of(error))
        else:
            self._told.pop(path, None)

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
