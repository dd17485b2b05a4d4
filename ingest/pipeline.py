"""The life of a document: fetch its bytes, say what they are, read them in a sandbox, cut them, index them, embed them.

Reading and embedding overlap: while the model works on one range the next one is read. A range can be found by its words
as soon as it is read, by its meaning a moment later. What is written where, and what a crash leaves, is in build.py.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from core.errors import PermanentFailure, ProviderAway
from ingest.build import Build, begin, note_stage, save_range, save_vectors
from ingest.children import Children, Storing
from ingest.ending import fail, finish, withdraw
from ingest.ranges import Built, MemberStream, read_ranges
from ingest.sandbox import Limits
from ingest.source import Source, Unwanted, find_source, media_type_of, on_this_machine
from ingest.vectors import BATCH, Asking, Pending
from sql.fence import Fence

log: structlog.stdlib.BoundLogger = structlog.get_logger()

AHEAD: Final = 4  # ranges that reading may be ahead of embedding


@dataclass(frozen=True, slots=True)
class Tools:
    """What the pipeline works with; `nudge` tells watchers of a file that its row has changed."""

    storing: Storing
    asking: Asking
    count_tokens: Callable[[str], int]
    limits: Limits
    nudge: Callable[[UUID], Awaitable[None]]


async def ingest_file(
    tools: Tools, fence: Fence, *, version_id: UUID, pipeline_version: int
) -> None:
    """Bring a file version into the index and end its job. Run again after any crash it ends with the same rows.

    Raises ProviderAway when only vectors are missing, Unavailable and bugs as they are; a file's own faults end in its row.
    """
    building = _Building(tools, fence)
    try:
        await building.run(version_id, pipeline_version)
    except Unwanted:
        await withdraw(fence, version_id)
    except PermanentFailure as reason:
        await building.fail(reason)
    await building.nudge()


@dataclass(slots=True)
class _Building:
    tools: Tools
    fence: Fence
    source: Source | None = None
    build: Build | None = None

    async def run(self, version_id: UUID, pipeline_version: int) -> None:
        since = time.monotonic()
        self.source = source = await find_source(self.fence, version_id)
        async with on_this_machine(self.tools.storing.blobs, source) as path:
            media_type = await media_type_of(path, source.name)
            self.build, built = await begin(
                self.fence,
                source,
                pipeline_version=pipeline_version,
                media_type=media_type,
                asking=self.tools.asking,
            )
            await self._read_and_embed(self.build, built, path, media_type)
        end = await finish(self.fence, self.build)
        duration_ms = round((time.monotonic() - since) * 1000)
        log.info("ingested file", file_id=str(source.file_id), state=end, duration_ms=duration_ms)

    async def fail(self, reason: PermanentFailure) -> None:
        assert self.source is not None  # nothing before it raises this
        await fail(self.fence, self.source, self.build, reason)
        log.info("file cannot be read", file_id=str(self.source.file_id), reason=reason.code)

    async def nudge(self) -> None:
        if self.source is not None:
            await self.tools.nudge(self.source.file_id)

    async def _read_and_embed(
        self, build: Build, built: Built, path: Path, media_type: str
    ) -> None:
        batches: asyncio.Queue[list[Pending] | None] = asyncio.Queue(AHEAD)
        async with _together() as group:
            embedding = group.create_task(self._embed(build, batches))
            ranges = read_ranges(
                path,
                media_type,
                built,
                count_tokens=self.tools.count_tokens,
                limits=self.tools.limits,
            )
            children = Children(self.tools.storing, self.fence, build, not built.segments_done)
            async with aclosing(ranges):
                async for part in ranges:
                    if isinstance(part, MemberStream):
                        await children.keep(part)
                        continue
                    await batches.put(await save_range(self.fence, build, part))
                    await self.nudge()
            await children.drop_missing()
            if not batches.empty():
                await note_stage(self.fence, build, "embedding")
            await batches.put(None)
        if (away := embedding.result()) is not None:
            raise away

    async def _embed(
        self, build: Build, batches: "asyncio.Queue[list[Pending] | None]"
    ) -> ProviderAway | None:
        """Store vectors until there are no more passages; an absent provider does not keep the rest from being read."""
        away: ProviderAway | None = None
        while (pending := await batches.get()) is not None:
            for start in range(0, len(pending), BATCH):
                if away is not None:
                    break
                try:
                    embedded = await self.tools.asking.of(build.model).embed(
                        pending[start : start + BATCH]
                    )
                except ProviderAway as error:
                    away = error
                else:
                    await save_vectors(self.fence, build, embedded)
        return away


@asynccontextmanager
async def _together() -> AsyncGenerator[asyncio.TaskGroup]:
    """A task group that ends with the error of the first task that failed, plain."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
