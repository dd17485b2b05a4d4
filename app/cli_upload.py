"""`recollect upload`: files and whole folders, four at a time; what lies at its place already, by its SHA-256, is left out.

So a repeat after an interruption goes on where it was, in the middle of a large file too (app/resumable.py). While the API
is away each file waits and is tried again, for as long as bytes get through between two failures.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli_identity import Identity, Token, Url, User, connected
from app.cli_output import EXIT_FAILED, errors_as_lines, say
from app.cli_password import PasswordFile, read_password
from app.client import Client, wait_for_it
from app.client_shapes import FoundFile
from app.resumable import (
    RESUMED_BYTES,
    LocalFile,
    Sending,
    as_text,
    notes_folder,
    read_from,
    send_resumable,
)
from core.errors import RecollectError, Unavailable

AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A file to upload; `folder` is where it will be said to come from."""

    path: Path
    folder: str


@dataclass(frozen=True, slots=True)
class Failure:
    path: Path
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of the files so far."""

    uploaded: int = 0
    already_there: int = 0
    failures: list[Failure] = field(default_factory=list[Failure])

    def summary(self) -> str:
        """Return one line with the counts."""
        counts = (self.uploaded, self.already_there, len(self.failures))
        return "{} uploaded, {} already there, {} failed".format(*counts)


def upload(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    *,
    password_file: PasswordFile = None,
    url: Url = None,
    token: Token = None,
    user: User = None,
) -> None:
    """Upload files and folders; a repeat goes on where an earlier one ended, hidden files are left out."""
    with errors_as_lines():
        outcome = Outcome()
        password = read_password(password_file)
        try:
            asyncio.run(_upload(Identity(url, token, user), paths, outcome, password=password))
        except KeyboardInterrupt:
            say(f"Stopped: {outcome.summary()}. The same command goes on from here.")
            raise
        for failure in outcome.failures:
            say(f"{as_text(str(failure.path))}: {failure.reason}")
        say(f"{outcome.summary()}.")
        if outcome.failures:
            raise typer.Exit(EXIT_FAILED)


async def _upload(
    identity: Identity, paths: Sequence[Path], outcome: Outcome, *, password: str
) -> None:
    sources = [source for path in paths for source in found_under(path)]
    total_bytes = sum(_size(source.path) for source in sources)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    async with connected(identity) as client:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(f"{len(sources)} files", total=total_bytes)

            def sent(count: int) -> None:
                progress.advance(task, count)

            uploader = Uploader(client, outcome, sent, password=password)
            await uploader.upload_all(sources)


def found_under(path: Path) -> list[Source]:
    """Return the file, or the files of the folder and those in it, without the hidden ones."""
    if not path.is_dir():
        return [Source(path, "")]
    root = path.resolve()
    return [
        Source(found, as_text("/".join((root.name, *found.parent.relative_to(root).parts))))
        for found in sorted(root.rglob("*"))
        if found.is_file()
        and not any(part.startswith(".") for part in found.relative_to(root).parts)
    ]


@dataclass(slots=True)
class Uploader:
    """Uploads files side by side; `sent` hears of each byte that is done with, negative when it is sent again."""

    client: Client
    outcome: Outcome
    sent: Callable[[int], None]
    notes: Path = field(default_factory=notes_folder)  # of uploads that can go on
    password: str = field(default="", repr=False)  # that the files are opened with

    async def upload_all(self, sources: Sequence[Source]) -> None:
        """Upload all; what one file meets does not keep the others."""
        waiting = iter(sources)
        owner_id = await self.client.account_id()

        async def work() -> None:
            for source in waiting:
                try:
                    await self._upload(source, owner_id)
                except (RecollectError, OSError) as error:
                    self.outcome.failures.append(Failure(source.path, reason_of(error)))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _upload(self, source: Source, owner_id: UUID) -> None:
        hashed = await asyncio.to_thread(_hashed, source)
        file = replace(hashed, password=self.password)
        tries, reached_bytes = 0, 0
        while not (there := await self._there(file, owner_id)):
            sending = Sending(self.sent)
            try:
                await self._send(file, sending)
            except RecollectError as error:
                sending.take_back()
                if not isinstance(error, Unavailable):
                    raise
                # It may have arrived all the same: look before the next try.
                tries = 0 if sending.resumed_bytes > reached_bytes else tries
                reached_bytes = max(reached_bytes, sending.resumed_bytes)
                await wait_for_it(error, tries)
                tries += 1
            else:
                self.outcome.uploaded += 1
                return
        for each in there:
            if self.password and each.state == "failed":
                await self.client.retry_file(each.id, self.password)
        self.outcome.already_there += 1
        self.sent(file.size_bytes)

    async def _there(self, file: LocalFile, owner_id: UUID) -> Sequence[FoundFile]:
        return await self.client.files_of(
            owner_id, sha256=file.sha256, folder=file.folder, name=file.name
        )

    async def _send(self, file: LocalFile, sending: Sending) -> None:
        if file.size_bytes > RESUMED_BYTES:
            await send_resumable(self.client, file, sending=sending, notes=self.notes)
        else:
            await self.client.upload(file.upload, read_from(file.path, 0, sent=sending.sent))


def reason_of(error: RecollectError | OSError) -> str:
    """Return why a file was not uploaded, for a person."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _hashed(source: Source) -> LocalFile:
    with source.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return LocalFile(source.path, source.folder, file.tell(), sha256)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
