"""Begin later than with the bytes: cut the text that was read anew, or ask the model anew for the passages that are there.

Both work on the whole build that search shows, which stays shown. Cutting makes a build beside it; vectors are exchanged
batch by batch. A run after a crash goes on where the text was cut, and begins anew with the vectors.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ingest.build import Build, exchange_vectors, hold_file
from ingest.extract.segment import Problem, Segment
from ingest.source import Source
from ingest.vectors import BATCH, Asking, Pending
from sql import execute, fetch, fetch_opt, read, write
from sql.fence import Fence

AT_ONCE: Final = 32  # segments read from the database, of 100,000 characters at most


@dataclass(frozen=True, slots=True)
class Whole:
    """The build of a version that search shows, and the generation of its vectors."""

    id: UUID
    pipeline_version: int
    segments_done: int
    segments_total: int | None
    media_type: str
    generation_id: UUID
    model: str


@dataclass(frozen=True, slots=True)
class _Stored:
    ordinal: int
    page: int | None
    label: str | None
    content: str
    code: str
    message: str
    remedy: str


FIND_WHOLE_BUILD = read("ingest.sql", "find_whole_build", Whole)
LIST_ITEMS_AGAIN = read("ingest.sql", "list_items_again", _Stored)
LIST_PASSAGE_TEXTS = read("ingest.sql", "list_passage_texts", Pending)
START_EMBEDDING = write("ingest.sql", "start_embedding")


async def find_whole(fence: Fence, source: Source) -> Whole | None:
    """Return what was made of this version; None where it was never read whole."""
    async with fence.tx() as conn:
        return await fetch_opt(
            conn,
            FIND_WHOLE_BUILD,
            workspace_id=fence.workspace_id,
            file_id=source.file_id,
            version_id=source.version_id,
        )


async def items_again(
    fence: Fence, whole: Whole, *, first: int
) -> AsyncGenerator[Segment | Problem]:
    """Yield what reading the file gave, from an ordinal on."""
    while first < whole.segments_done:
        async with fence.tx() as conn:
            page = await fetch(
                conn,
                LIST_ITEMS_AGAIN,
                workspace_id=fence.workspace_id,
                build_id=whole.id,
                first=first,
                most=AT_ONCE,
            )
        for row in page:
            yield _item(row, whole.segments_total)
        first = page[-1].ordinal + 1 if page else whole.segments_done


async def embed_again(fence: Fence, asking: Asking, source: Source, whole: Whole) -> Build:
    """Give each passage a vector that the model makes now; search has the old one until then."""
    build = Build(source, whole.id, whole.generation_id, whole.model)
    named = {
        "workspace_id": fence.workspace_id,
        "file_id": source.file_id,
        "build_id": whole.id,
    }
    async with fence.tx() as conn:
        await hold_file(conn, fence.workspace_id, source)
        await execute(conn, START_EMBEDDING, **named, version=source.version)
    fence.stage, after = "embedding", -1
    while True:
        async with fence.tx() as conn:
            page = await fetch(conn, LIST_PASSAGE_TEXTS, **named, after=after, most=BATCH)
        if not page:
            return build
        embedded = await asking.of(whole.model).embed(page)
        await exchange_vectors(fence, build, embedded)
        after = page[-1].ordinal


def _item(row: _Stored, segments_total: int | None) -> Segment | Problem:
    if row.code:
        return Problem(row.ordinal, row.page, row.code, row.message, row.remedy)
    return Segment(row.ordinal, row.page, row.label, row.content, segments_total)
