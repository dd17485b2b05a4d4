"""Files within files: each attachment and member becomes a file of its own, of the same owner and seen by the same people.

Its bytes are stored as they come out of the sandbox; then one transaction under the fence writes its rows, its job and the
checkpoint behind it. Whatever a crash repeats finds the child by its path and leaves it; bytes without a row go after a day.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Protocol
from uuid import UUID

from core.blobs import BlobStore, Stored, new_key
from core.errors import InvalidInput, TooLarge
from core.ids import new_id
from core.names import MAX_FOLDER_BYTES, MAX_NAME_BYTES, FileName, file_name
from core.scope import Scope
from ingest.build import ADD_PROBLEM, NOTE_SEGMENTS, Build, hold_file
from ingest.ending import supersede
from ingest.quota import check_quota
from ingest.ranges import MemberLost, MemberStream, Range
from search.index import index_seq_raised, items_shown
from sql import execute, fetch, fetch_one, fetch_opt, read, write
from sql.fence import Fence, JobId
from sql.pool import Conn

DEEPEST: Final = 3  # an archive in an archive in a mail is opened; one more is stored
# Of one uploaded file, files within its files included: what an archive of archives may cost.
MOST_FILES: Final = 10_000
MOST_BYTES: Final = 2 * 2**30
_PROBLEMS_FROM: Final = 2_000_000  # ordinals behind those of extraction and of embedding
# code: what is said once a build, however many files it befalls, with the first one's path; and what to do.
_PROBLEMS: Final = {
    "nested_too_deep": (
        f"{{}} was not taken out: {DEEPEST} files deep is the end.",
        "Unpack the outermost file and upload what is in it.",
    ),
    "member_too_large": (
        "{} is larger than this server takes; other files in it may be too.",
        "Unpack it and upload what you need in parts.",
    ),
    "too_many_files": (
        f"{{}} and more was not taken out: {MOST_FILES:,} files or {MOST_BYTES // 2**30} GB are the end.",
        "Unpack it and upload what you need.",
    ),
    "over_quota": (
        "{} and perhaps more was not taken out: the workspace has no room for it.",
        "Delete files for good, then have this one read again.",
    ),
}


class EnqueueIngest(Protocol):
    """Have a file version read; the job's row is written in the caller's transaction."""

    async def __call__(
        self, conn: Conn, scope: Scope, *, version_id: UUID, sha256: bytes, size_bytes: int
    ) -> UUID: ...


class RetryIngest(Protocol):
    """Have a file version read whose job was cancelled; None while it waits or runs."""

    async def __call__(self, conn: Conn, scope: Scope, *, version_id: UUID) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class Parent:
    """`root_id` is the uploaded file that it came with, or itself."""

    owner_id: UUID
    name: str
    folder: str
    depth: int
    root_id: UUID


@dataclass(frozen=True, slots=True)
class Child:
    """`was_dropped`: it is in the bin because the parent's last version lacked it."""

    id: UUID
    version_id: UUID
    sha256: bytes
    was_dropped: bool


@dataclass(frozen=True, slots=True)
class Returned:
    id: UUID
    version_id: UUID
    is_unread: bool


@dataclass(frozen=True, slots=True)
class _Key:
    key: str


FIND_PARENT = read("children.sql", "find_parent", Parent)
FIND_CHILD = read("children.sql", "find_child", Child)
EMPTY_ROOM = write("children.sql", "empty_room")
TAKE_ROOM = write("children.sql", "take_room", JobId)
CREATE_CHILD = write("children.sql", "create_child")
RENEW_CHILD = write("children.sql", "renew_child")
KEEP_CHILD = write("children.sql", "keep_child")
DROP_CHILDREN = write("children.sql", "drop_children", JobId)
TAKE_BACK_FAMILY = write("children.sql", "take_back_family", Returned)
KEEP_BLOB = write("file.sql", "keep_blob", _Key)


@dataclass(frozen=True, slots=True)
class Storing:
    """What children are stored with; the limits are those of uploads: of one file, and of the workspace."""

    blobs: BlobStore
    enqueue: EnqueueIngest
    retry: RetryIngest
    limit_bytes: int
    quota_bytes: int | None = None


class NoRoom(Exception):
    """The uploaded file has as many files in it as are taken out of one."""


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Stored under `key`; no row names them yet."""

    key: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class _New:
    """A version that is to be made, of a child that may be new too."""

    file_id: UUID
    version_id: UUID
    name: FileName
    stored: Stored

    @property
    def columns(self) -> dict[str, object]:
        return {
            "file_id": self.file_id,
            "version_id": self.version_id,
            "name": self.name.name,
            "sha256": self.stored.sha256,
            "size_bytes": self.stored.size_bytes,
        }


@dataclass(slots=True)
class Children:
    """The children of one build; `is_new`: no earlier run left a part of it."""

    storing: Storing
    fence: Fence
    build: Build
    is_new: bool
    _parent: Parent | None = None

    async def taken_out(
        self, ranges: AsyncGenerator[Range | MemberStream]
    ) -> AsyncGenerator[Range]:
        """Keep the files within the file; yield the rest."""
        async with aclosing(ranges):
            async for part in ranges:
                if isinstance(part, MemberStream):
                    await self.keep(part)
                else:
                    yield part

    async def keep(self, member: MemberStream) -> None:
        """Make the member a child, or note why not."""
        parent = self._parent = self._parent or await self._find_parent()
        if parent.depth >= DEEPEST:
            await self._note("nested_too_deep", member)
            return
        blobs, key = self.storing.blobs, new_key(self.fence.workspace_id)
        try:
            stored = await blobs.put(key, member.pieces, limit_bytes=self.storing.limit_bytes)
        except MemberLost:
            return
        except TooLarge:
            await self._note("member_too_large", member)
            return
        kept_key = ""
        try:
            kept_key = await self._save(member, parent, _Bytes(key, stored))
        except NoRoom:
            await self._note("too_many_files", member)
        except TooLarge:
            await self._note("over_quota", member)
        if kept_key != key:
            await blobs.delete(key)

    async def _save(self, member: MemberStream, parent: Parent, got: "_Bytes") -> str:
        """Return the key under which the workspace keeps the bytes."""
        async with self.fence.tx() as conn:
            await hold_file(conn, self.fence.workspace_id, self.build.source)
            kept = await fetch_one(
                conn,
                KEEP_BLOB,
                workspace_id=self.fence.workspace_id,
                sha256=got.stored.sha256,
                size_bytes=got.stored.size_bytes,
                key=got.key,
            )
            await self._write(conn, member, parent, got.stored)
            await self._check_point(conn, member)
        return kept.key

    async def _write(
        self, conn: Conn, member: MemberStream, parent: Parent, stored: Stored
    ) -> None:
        ws, source = self.fence.workspace_id, self.build.source
        child = await fetch_opt(
            conn, FIND_CHILD, workspace_id=ws, parent_id=source.file_id, path=member.path
        )
        name = child_name(parent, member)
        if child is None:
            await self._take_room(conn, parent, stored)
            await self._create(conn, member, parent, _New(new_id(), new_id(), name, stored))
            return
        if child.sha256 != stored.sha256:
            await supersede(conn, ws, version_id=child.version_id)
            await self._take_room(conn, parent, stored)
            await self._renew(conn, parent, _New(child.id, new_id(), name, stored))
        await execute(
            conn,
            KEEP_CHILD,
            workspace_id=ws,
            file_id=child.id,
            parent_version=source.version,
            folder=name.folder,
        )
        if child.was_dropped:
            await self._take_back(conn, parent, child)

    async def _take_back(self, conn: Conn, parent: Parent, child: Child) -> None:
        ws = self.fence.workspace_id
        family = await fetch(conn, TAKE_BACK_FAMILY, workspace_id=ws, file_id=child.id)
        await items_shown(conn, ws, [back.id for back in family])
        for back in family:
            if back.is_unread:
                await self.storing.retry(conn, self._scope(parent), version_id=back.version_id)

    async def _create(self, conn: Conn, member: MemberStream, parent: Parent, new: "_New") -> None:
        await execute(
            conn,
            CREATE_CHILD,
            workspace_id=self.fence.workspace_id,
            owner_id=parent.owner_id,
            root_id=parent.root_id,
            depth=parent.depth + 1,
            parent_id=self.build.source.file_id,
            parent_version=self.build.source.version,
            path=member.path,
            folder=new.name.folder,
            extension=new.name.extension,
            **new.columns,
        )
        await self._enqueue(conn, parent, new)

    async def _renew(self, conn: Conn, parent: Parent, new: "_New") -> None:
        await execute(conn, RENEW_CHILD, workspace_id=self.fence.workspace_id, **new.columns)
        await self._enqueue(conn, parent, new)

    async def _enqueue(self, conn: Conn, parent: Parent, new: "_New") -> None:
        scope = self._scope(parent)
        await check_quota(conn, scope, quota_bytes=self.storing.quota_bytes)
        await self.storing.enqueue(
            conn,
            scope,
            version_id=new.version_id,
            sha256=new.stored.sha256,
            size_bytes=new.stored.size_bytes,
        )

    async def _take_room(self, conn: Conn, parent: Parent, stored: Stored) -> None:
        room = await fetch_opt(
            conn,
            TAKE_ROOM,
            workspace_id=self.fence.workspace_id,
            root_id=parent.root_id,
            size_bytes=stored.size_bytes,
            most_files=MOST_FILES,
            most_bytes=MOST_BYTES,
        )
        if room is None:
            raise NoRoom

    def _scope(self, parent: Parent) -> Scope:
        return Scope(parent.owner_id, self.fence.workspace_id, "member")

    async def _find_parent(self) -> Parent:
        ws, source = self.fence.workspace_id, self.build.source
        async with self.fence.tx() as conn:
            parent = await fetch_one(conn, FIND_PARENT, workspace_id=ws, file_id=source.file_id)
            if self.is_new:
                await execute(conn, EMPTY_ROOM, workspace_id=ws, file_id=source.file_id)
        return parent

    async def _check_point(self, conn: Conn, member: MemberStream) -> None:
        await execute(
            conn,
            NOTE_SEGMENTS,
            workspace_id=self.fence.workspace_id,
            build_id=self.build.id,
            **self.build.source.columns,
            segments_done=member.ordinal + 1,
            segments_total=None,
            passages=0,
        )

    async def _note(self, code: str, member: MemberStream) -> None:
        message, remedy = _PROBLEMS[code]
        async with self.fence.tx() as conn:
            await execute(
                conn,
                ADD_PROBLEM,
                workspace_id=self.fence.workspace_id,
                build_id=self.build.id,
                ordinal=_PROBLEMS_FROM + list(_PROBLEMS).index(code),
                page=None,
                code=code,
                message=message.format(member.path),
                remedy=remedy,
            )


async def drop_missing(fence: Fence, build: Build) -> None:
    """Send to the bin what an older version had in it and this one lacks."""
    source, ws = build.source, fence.workspace_id
    if source.version == 1:
        return
    async with fence.tx() as conn:
        gone = await fetch(
            conn,
            DROP_CHILDREN,
            workspace_id=ws,
            parent_id=source.file_id,
            parent_version=source.version,
        )
        if gone:
            await index_seq_raised(conn, ws)


def child_name(parent: Parent, member: MemberStream) -> FileName:
    """Return where a member is shown: below its parent as if that were a folder. What cannot be a name gets a number."""
    base = f"{parent.folder}/{parent.name}"
    path = member.path or PurePath(parent.name).stem  # what is in notes.txt.gz is notes.txt
    with suppress(InvalidInput):
        return file_name(path, folder=base)
    folder, _, name = path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    short = _cut(stem, MAX_NAME_BYTES - 40)
    plain = f"{short} {member.ordinal}.{extension[:16]}".strip() if short else f"{member.ordinal}"
    return file_name(plain, folder=_cut(f"{base}/{folder}", MAX_FOLDER_BYTES))


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
