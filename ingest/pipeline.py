"""The life of a document: fetch its bytes, say what they are, read them in a sandbox, cut them, index them, embed them.

Reading and embedding overlap: while the model works on one range the next one is read. A range can be found by its words
as soon as it is read, by its meaning a moment later. What is written where, and what a crash leaves, is in build.py.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from core.errors import PermanentFailure, ProviderAway
from ingest.again import Whole, embed_again, find_whole, items_again
from ingest.build import Build, Making, begin, note_stage, save_range, save_vectors
from ingest.children import Children, Storing, drop_missing
from ingest.ending import Tell, fail, finish, withdraw
from ingest.passwords import opened
from ingest.ranges import Built, Range, cut_ranges, read_ranges
from ingest.readers import Readers
from ingest.sandbox import Limits
from ingest.source import Source, Step, Unwanted, find_source, media_type_of, on_this_machine
from ingest.twins import take_over
from ingest.vectors import BATCH, Asking, Pending
from sql.fence import Fence

log: structlog.stdlib.BoundLogger = structlog.get_logger()

AHEAD: Final = 4  # ranges that reading may be ahead of embedding


@dataclass(frozen=True, slots=True)
class Tools:
    """What the pipeline works with.

    `nudge` tells watchers of a file that its row has changed, `tell` those who want to know how it ended, whom `wake` has
    look; it is given the file's owner.
    """

    storing: Storing
    asking: Asking
    count_tokens: Callable[[str], int]
    limits: Limits
    nudge: Callable[[UUID], Awaitable[None]]
    tell: Tell
    wake: Callable[[UUID], Awaitable[None]]
    password_key: Callable[[], Awaitable[bytes]]
    readers: Readers


@dataclass(frozen=True, slots=True)
class Order:
    """What a job asks for; one that begins later than with `extract` needs a file that was read whole once.

    `needs_memory`: its reader was ended for that before.
    """

    version_id: UUID
    pipeline_version: int
    first_step: Step = "extract"
    needs_memory: bool = False


async def ingest_file(tools: Tools, fence: Fence, order: Order) -> None:
    """Bring a file version into the index and end its job. Run again after any crash it ends with the same rows.

    Raises ProviderAway when only vectors are missing, NeedsMemory when the file has to be read with more of it (the order says
    so then), Unavailable and bugs as they are; a file's own faults end in its row.
    """
    building = _Building(tools, fence)
    try:
        await building.run(order)
    except Unwanted:
        await withdraw(fence, order.version_id)
    except PermanentFailure as reason:
        await building.fail(reason)
    await building.nudge()
    await building.wake()


@dataclass(slots=True)
class _Building:
    tools: Tools
    fence: Fence
    source: Source | None = None
    build: Build | None = None

    async def run(self, order: Order) -> None:
        since = time.monotonic()
        self.source = source = await find_source(self.fence, order.version_id)
        if not await self._made_of_what_is_there(source, order):
            await self._read(source, order)
        assert self.build is not None
        await drop_missing(self.fence, self.build)
        end = await finish(self.fence, self.build, tell=self.tools.tell)
        duration_ms = round((time.monotonic() - since) * 1000)
        log.info("ingested file", file_id=str(source.file_id), state=end, duration_ms=duration_ms)

    async def _made_of_what_is_there(self, source: Source, order: Order) -> bool:
        """Make the build without reading the file, where that is asked for or another one had the same bytes."""
        asking = self.tools.asking
        # What took a password is read again of its text, unless the password is there again.
        from_bytes = order.first_step == "extract" and (
            source.sealed_password or not source.was_opened
        )
        if from_bytes:
            self.build = await take_over(
                self.fence, source, pipeline_version=order.pipeline_version, asking=asking
            )
            return self.build is not None
        whole = await find_whole(self.fence, source)
        if whole is None:
            return False
        if order.first_step != "embed":
            await self._cut_again(source, whole)
        else:
            self.build = await embed_again(self.fence, asking, source, whole)
        return True

    async def _read(self, source: Source, order: Order) -> None:
        password = await self._password(source)
        making = Making(order.pipeline_version, with_password=bool(password))
        async with on_this_machine(self.tools.storing.blobs, source) as path:
            media_type = await media_type_of(path, source.name)
            build, built = await self._begin(source, making, media_type)
            ranges = read_ranges(
                path,
                media_type,
                built,
                count_tokens=self.tools.count_tokens,
                limits=self.tools.limits,
                password=password,
                beside=None if order.needs_memory else self.tools.readers,
            )
            children = Children(self.tools.storing, self.fence, build, not built.segments_done)
            await self._index(build, children.taken_out(ranges))

    async def _password(self, source: Source) -> str:
        if source.sealed_password is None:
            return ""
        key = await self.tools.password_key()
        return opened(source.sealed_password, version_id=source.version_id, key=key)

    async def _cut_again(self, source: Source, whole: Whole) -> None:
        # The text is that of the older pipeline, so the build counts as old as it is.
        making = Making(whole.pipeline_version, text_of=whole.id)
        build, built = await self._begin(source, making, whole.media_type)
        items = items_again(self.fence, whole, first=built.segments_done)
        ranges = cut_ranges(items, whole.media_type, built, count_tokens=self.tools.count_tokens)
        await self._index(build, ranges)

    async def _begin(self, source: Source, making: Making, media_type: str) -> tuple[Build, Built]:
        begun = await begin(
            self.fence, source, making=making, media_type=media_type, asking=self.tools.asking
        )
        self.build = begun[0]
        return begun

    async def fail(self, reason: PermanentFailure) -> None:
        assert self.source is not None  # nothing before it raises this
        await fail(self.fence, self.source, self.build, reason=reason, tell=self.tools.tell)
        log.info("file cannot be read", file_id=str(self.source.file_id), reason=reason.code)

    async def nudge(self) -> None:
        if self.source is not None:
            await self.tools.nudge(self.source.file_id)

    async def wake(self) -> None:
        if self.source is not None:
            await self.tools.wake(self.source.owner_id)

    async def _index(self, build: Build, ranges: AsyncGenerator[Range]) -> None:
        """Make the ranges visible, and embed those that were read while the next ones are."""
        batches: asyncio.Queue[list[Pending] | None] = asyncio.Queue(AHEAD)
        async with _together() as group:
            embedding = group.create_task(self._embed(build, batches))
            async with aclosing(ranges):
                async for part in ranges:
                    await batches.put(await save_range(self.fence, build, part))
                    await self.nudge()
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
