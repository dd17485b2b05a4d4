"""What the database knows of a file on its way into the index: its build, range by range. How it ends is in ending.py.

Each function that writes opens one transaction under the job's fence; a crash between two of them loses nothing but time.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.ids import new_id
from ingest.chunk import Chunk
from ingest.extract.segment import Problem, Properties, clean
from ingest.ranges import Built, BuiltPassage, BuiltSegment, Range
from ingest.source import Source, Unwanted
from ingest.vectors import Asking, Embedded, Pending, reuse_vectors
from search.generations import live_generation
from search.index import Build as IndexBuild
from search.index import (
    PassageText,
    index_passages,
    store_embeddings,
)
from sql import execute, execute_many, fetch, fetch_opt, read, write
from sql.fence import Fence, JobId
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class Build:
    """One run's text and passages of one file version. The generation is that of the vectors it makes, by `model`."""

    source: Source
    id: UUID
    generation_id: UUID
    model: str


@dataclass(frozen=True, slots=True)
class Making:
    """By which pipeline a build is made, and of which other build's text; None: of the bytes, perhaps with a password."""

    pipeline_version: int
    text_of: UUID | None = None
    with_password: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    id: UUID
    segments_done: int


FIND_BUILD = read("ingest.sql", "find_build", Unfinished)
LIST_BUILT_SEGMENTS = read("ingest.sql", "list_built_segments", BuiltSegment)
LIST_BUILT_PASSAGES = read("ingest.sql", "list_built_passages", BuiltPassage)
CREATE_BUILD = write("ingest.sql", "create_build")
MARK_BUILD = write("ingest.sql", "mark_build")
SHOW_FIRST_BUILD = write("ingest.sql", "show_first_build")
START_FILE = write("ingest.sql", "start_file")
HOLD_FILE = write("ingest.sql", "hold_file", JobId)
ADD_SEGMENT = write("ingest.sql", "add_segment")
ADD_PROBLEM = write("ingest.sql", "add_problem")
NOTE_PROPERTIES = write("ingest.sql", "note_properties")
NOTE_SEGMENTS = write("ingest.sql", "note_segments")
NOTE_VECTORS = write("ingest.sql", "note_vectors")
REMOVE_VECTORS_OF = write("ingest.sql", "remove_vectors_of")
NOTE_STAGE = write("ingest.sql", "note_stage")

# Raise it when extraction or chunking makes something else of the same bytes: what was built before then counts as stale.
PIPELINE_VERSION: Final = 6
_PROPERTY_CHARACTERS = 500
_REFUSED_FROM = 1_000_000  # ordinals of problems met while embedding, behind those of extraction (<= 10,000 pages)


async def begin(
    fence: Fence,
    source: Source,
    *,
    making: Making,
    media_type: str,
    asking: Asking,
) -> tuple[Build, Built]:
    """Open a new build, or go on with the one that was left unfinished."""
    ws = fence.workspace_id
    async with fence.tx() as conn:
        await hold_file(conn, ws, source)
        live = await live_generation(conn, ws, model=asking.model, dimension=asking.dimension)
        found = await fetch_opt(
            conn,
            FIND_BUILD,
            workspace_id=ws,
            version_id=source.version_id,
            pipeline_version=making.pipeline_version,
            text_of=making.text_of,
        )
        build = Build(source, new_id() if found is None else found.id, live.id, live.model)
        if found is None:
            built = Built()
            await create_build(conn, ws, build, making)
        else:
            built = await _built(conn, ws, build, found.segments_done)
            if making.with_password:  # an earlier run may have had none
                await execute(conn, MARK_BUILD, workspace_id=ws, build_id=build.id)
        await start_file(conn, ws, build, built, media_type)
    return build, built


async def create_build(conn: Conn, ws: UUID, build: Build, making: Making) -> None:
    """Make an empty build; a file's first is shown while it grows."""
    file_id = build.source.file_id
    await execute(
        conn,
        CREATE_BUILD,
        workspace_id=ws,
        id=build.id,
        file_id=file_id,
        version_id=build.source.version_id,
        pipeline_version=making.pipeline_version,
        text_of=making.text_of,
        with_password=making.with_password,
    )
    await execute(conn, SHOW_FIRST_BUILD, workspace_id=ws, file_id=file_id, build_id=build.id)


async def save_range(fence: Fence, build: Build, part: Range) -> list[Pending]:
    """Make a range visible, whole, with the checkpoint behind it; return the passages that still need a vector."""
    ws, source = fence.workspace_id, build.source
    async with fence.tx() as conn:
        await hold_file(conn, ws, source)
        await _save_text(conn, ws, build, part)
        ids = await index_passages(
            conn,
            IndexBuild(ws, source.file_id, build.id),
            [_passage(c, i) for i, c in enumerate(part.chunks, part.first_passage)],
        )
        reused = await reuse_vectors(conn, ws, generation_id=build.generation_id, passage_ids=ids)
        if reused:
            await _note_vectors(conn, ws, source, len(reused))
    fresh = zip(ids, itertools.count(part.first_passage), part.chunks, strict=False)
    return [
        *part.unembedded,
        *(Pending(id_, n, c.text) for id_, n, c in fresh if id_ not in reused),
    ]


async def save_vectors(fence: Fence, build: Build, embedded: Embedded) -> None:
    """Store a batch of vectors; a passage that the model refused becomes a problem of the file."""
    async with fence.tx() as conn:
        await _save_vectors(conn, fence.workspace_id, build, embedded)


async def exchange_vectors(fence: Fence, build: Build, embedded: Embedded) -> None:
    """Do the same for passages that may have vectors, which go."""
    async with fence.tx() as conn:
        ids = [p.id for p in (*embedded.done, *embedded.refused)]
        await execute(
            conn,
            REMOVE_VECTORS_OF,
            workspace_id=fence.workspace_id,
            generation_id=build.generation_id,
            passage_ids=ids,
        )
        await _save_vectors(conn, fence.workspace_id, build, embedded)


async def _save_vectors(conn: Conn, ws: UUID, build: Build, embedded: Embedded) -> None:
    await hold_file(conn, ws, build.source)
    await _add_problems(conn, ws, build, [_refusal(p) for p in embedded.refused])
    await _note_vectors(conn, ws, build.source, len(embedded.done))
    await store_embeddings(
        conn,
        ws,
        generation_id=build.generation_id,
        passage_ids=[p.id for p in embedded.done],
        vectors=embedded.vectors,
    )


async def note_stage(fence: Fence, build: Build, stage: str) -> None:
    """Tell people which stage the file is in."""
    fence.stage = stage
    async with fence.tx() as conn:
        await execute(
            conn,
            NOTE_STAGE,
            workspace_id=fence.workspace_id,
            **build.source.columns,
            stage=stage,
        )


async def _built(conn: Conn, ws: UUID, build: Build, segments_done: int) -> Built:
    return Built(
        segments_done,
        tuple(await fetch(conn, LIST_BUILT_SEGMENTS, workspace_id=ws, build_id=build.id)),
        tuple(
            await fetch(
                conn,
                LIST_BUILT_PASSAGES,
                workspace_id=ws,
                file_id=build.source.file_id,
                build_id=build.id,
                generation_id=build.generation_id,
            )
        ),
    )


async def start_file(conn: Conn, ws: UUID, build: Build, built: Built, media_type: str) -> None:
    """Tell people that the file is being read, and how far an earlier run came."""
    await execute(
        conn,
        START_FILE,
        workspace_id=ws,
        **build.source.columns,
        media_type=media_type,
        segments_done=built.segments_done,
        passages_total=len(built.passages),
        passages_embedded=sum(passage.has_vector for passage in built.passages),
    )


async def hold_file(conn: Conn, ws: UUID, source: Source) -> None:
    """Keep a deletion waiting until the commit; Unwanted when it, or a newer version, came first."""
    if await fetch_opt(conn, HOLD_FILE, workspace_id=ws, **source.columns) is None:
        raise Unwanted(f"file {source.file_id}")


async def _note_vectors(conn: Conn, ws: UUID, source: Source, vectors: int) -> None:
    await execute(conn, NOTE_VECTORS, workspace_id=ws, **source.columns, vectors=vectors)


async def _save_text(conn: Conn, ws: UUID, build: Build, part: Range) -> None:
    await execute_many(
        conn,
        ADD_SEGMENT,
        [
            {
                "workspace_id": ws,
                "build_id": build.id,
                "ordinal": placed.segment.ordinal,
                "page": placed.segment.page,
                "label": placed.segment.label,
                "span_start": placed.start,
                "content": placed.segment.text,
            }
            for placed in part.segments
        ],
    )
    await _add_problems(conn, ws, build, part.problems)
    if part.properties is not None:
        named = {"workspace_id": ws, "version_id": build.source.version_id}
        await execute(conn, NOTE_PROPERTIES, **named, **_shortened(part.properties))
    await execute(
        conn,
        NOTE_SEGMENTS,
        workspace_id=ws,
        build_id=build.id,
        **build.source.columns,
        segments_done=part.next_ordinal,
        segments_total=part.segments_total,
        passages=len(part.chunks),
    )


async def _add_problems(conn: Conn, ws: UUID, build: Build, problems: Iterable[Problem]) -> None:
    rows: list[dict[str, object]] = [
        {"workspace_id": ws, "build_id": build.id, **problem._asdict()} for problem in problems
    ]
    if rows:
        await execute_many(conn, ADD_PROBLEM, rows)


def _shortened(properties: Properties) -> dict[str, str]:
    """Return the columns of what a document says of itself: each on one line, and no longer than a line."""
    return {
        name: " ".join(clean(value).split())[:_PROPERTY_CHARACTERS]
        for name, value in properties._asdict().items()
    }


def _passage(chunk: Chunk, ordinal: int) -> PassageText:
    return PassageText(
        ordinal=ordinal,
        start=chunk.start,
        end=chunk.end,
        page_first=chunk.page_first,
        page_last=chunk.page_last,
        headings=chunk.headings,
        text=chunk.text,
    )


def _refusal(passage: Pending) -> Problem:
    return Problem(
        _REFUSED_FROM + passage.ordinal,
        None,
        "embedding_refused",
        f"The embedding model refused passage {passage.ordinal + 1}; it is found by its words only.",
        "Nothing needs to be done.",
    )
