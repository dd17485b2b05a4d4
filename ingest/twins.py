"""Equal bytes are read once: a file takes over text, passages and vectors of a twin that was read already.

No child is started and no model asked. What is written in between is what reading would have written so far, so a run that
finds the copy half made, or whose twin went away, reads the rest as if it had begun itself.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.ids import new_id
from ingest.build import Build, Making, create_build, hold_file, start_file
from ingest.ranges import Built
from ingest.source import Source
from ingest.vectors import Asking
from search.generations import live_generation
from search.index import Build as IndexBuild
from search.index import copy_passages
from sql import execute, fetch_opt, read, write
from sql.fence import Fence
from sql.pool import Conn

BATCH: Final = (
    500  # passages in one transaction: about a second, of which the vectors' index takes most
)


@dataclass(frozen=True, slots=True)
class Twin:
    file_id: UUID
    build_id: UUID
    version_id: UUID
    media_type: str
    segments_done: int
    segments_total: int | None
    passages: int


FIND_TWIN = read("ingest.sql", "find_twin", Twin)
COPY_TEXT = write("ingest.sql", "copy_text")
NOTE_COPIED = write("ingest.sql", "note_copied")


async def take_over(
    fence: Fence, source: Source, *, pipeline_version: int, asking: Asking
) -> Build | None:
    """Return a whole build made of a twin's; None where there is none, or it went away meanwhile."""
    ws = fence.workspace_id
    async with fence.tx() as conn:
        live = await live_generation(conn, ws, model=asking.model, dimension=asking.dimension)
        build = Build(source, new_id(), live.id, live.model)
        twin = await fetch_opt(
            conn,
            FIND_TWIN,
            workspace_id=ws,
            version_id=source.version_id,
            sha256=source.sha256,
            name=source.name,
            pipeline_version=pipeline_version,
            generation_id=live.id,
        )
        if twin is None:
            return None
        await hold_file(conn, ws, source)
        await create_build(conn, ws, build, Making(pipeline_version))
        await start_file(conn, ws, build, Built(), twin.media_type)
        await _copy_text(conn, ws, build, twin)
        copied = await _copy(conn, ws, build, twin, first=0)
    while 0 < copied < twin.passages:
        async with fence.tx() as conn:
            await hold_file(conn, ws, source)
            more = await _copy(conn, ws, build, twin, first=copied)
        copied = copied + more if more else 0
    return build if copied == twin.passages else None


async def _copy_text(conn: Conn, ws: UUID, build: Build, twin: Twin) -> None:
    await execute(
        conn,
        COPY_TEXT,
        workspace_id=ws,
        **build.source.columns,
        version_id=build.source.version_id,
        build_id=build.id,
        twin_build_id=twin.build_id,
        twin_version_id=twin.version_id,
        segments_done=twin.segments_done,
        segments_total=twin.segments_total,
    )


async def _copy(conn: Conn, ws: UUID, build: Build, twin: Twin, *, first: int) -> int:
    copied = await copy_passages(
        conn,
        IndexBuild(ws, build.source.file_id, build.id),
        twin=IndexBuild(ws, twin.file_id, twin.build_id),
        generation_id=build.generation_id,
        ordinals=range(first, min(first + BATCH, twin.passages)),
    )
    await execute(conn, NOTE_COPIED, workspace_id=ws, **build.source.columns, passages=copied)
    return copied
