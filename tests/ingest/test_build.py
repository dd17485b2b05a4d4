from dataclasses import replace

import numpy as np
import pytest

from ingest.build import (
    NOTE_SEGMENTS,
    NOTE_VECTORS,
    Making,
    begin,
    hold_file,
    note_stage,
    save_range,
    save_vectors,
    start_file,
)
from ingest.chunk import Chunk
from ingest.extract.segment import Problem, Properties, Segment
from ingest.ranges import Built, BuiltPassage, BuiltSegment, Placed, Range
from ingest.source import Unwanted, find_source
from ingest.vectors import Asking, Embedded, Pending
from search.embed import FakeEmbedder
from sql import execute
from tests.workers.made import file_row, index_of, text_of

LINES = ("The harbour opens at dawn.\n", "Boats wait for the tide.\n")
UNREAD = Problem(1, 2, "page_unreadable", "Page 2 could not be read.", "Print it anew.")


async def opened_build(fence, made):
    source = await find_source(fence, made.version_id)
    return await begin(
        fence,
        source,
        making=Making(1),
        media_type="text/markdown",
        asking=Asking(FakeEmbedder()),
    )


def page(number: int, *, problems: tuple[Problem, ...] = (), unembedded=()) -> Range:
    """A range of one page with one passage."""
    text = LINES[number]
    start = sum(map(len, LINES[:number]))
    segment = Segment(number, number + 1, None, text, 2)
    chunk = Chunk(start, start + len(text), number + 1, number + 1, (), text)
    return Range(number + 1, 2, (Placed(start, segment),), problems, (chunk,), number, unembedded)


async def embedded(*pending: Pending) -> Embedded:
    vectors = await FakeEmbedder().embed_documents([p.text for p in pending])
    return Embedded(pending, vectors, ())


async def test_a_new_build_is_shown_while_it_grows(fence, made, owner_connection):
    build, built = await opened_build(fence, made)
    assert built == Built()
    assert await owner_connection.fetchval("SELECT active_build_id FROM item") == build.id
    row = await file_row(owner_connection, made.file_id)
    assert (row["state"], row["stage"], row["media_type"]) == (
        "processing",
        "extracting",
        "text/markdown",
    )


async def test_a_range_is_visible_whole_with_its_checkpoint(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    (pending,) = await save_range(fence, build, page(0, problems=(UNREAD,)))
    assert (pending.ordinal, pending.text) == (0, LINES[0])
    assert await text_of(owner_connection, made.file_id) == LINES[0]
    assert len(await index_of(owner_connection, made.file_id)) == 1
    row = await file_row(owner_connection, made.file_id)
    assert (row["segments_done"], row["segments_total"], row["passages_total"]) == (1, 2, 1)
    assert await owner_connection.fetchval("SELECT segments_done FROM build") == 1
    problem = await owner_connection.fetchrow(
        "SELECT ordinal, page, code, message, remedy FROM file_problem"
    )
    assert tuple(problem) == UNREAD


async def test_an_unfinished_build_is_gone_on_with(fence, made):
    build, _ = await opened_build(fence, made)
    first = await save_range(fence, build, page(0))
    second = await save_range(fence, build, page(1))
    await save_vectors(fence, build, await embedded(*second))
    again, built = await opened_build(fence, made)
    assert again == build
    assert built == Built(
        2,
        (BuiltSegment(0, 1, None, LINES[0]), BuiltSegment(1, 2, None, LINES[1])),
        (
            BuiltPassage(first[0].id, 0, has_vector=False),
            BuiltPassage(second[0].id, 1, has_vector=True),
        ),
    )


async def test_a_text_that_has_its_vector_needs_no_other(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    await save_vectors(fence, build, await embedded(*await save_range(fence, build, page(0))))
    await owner_connection.execute("UPDATE build SET retired_at = now()")
    newer, built = await opened_build(fence, made)
    assert built == Built()
    assert await save_range(fence, newer, page(0)) == []
    assert (await file_row(owner_connection, made.file_id))["passages_embedded"] == 1


async def test_passages_of_an_earlier_run_come_before_the_new_ones(fence, made):
    build, _ = await opened_build(fence, made)
    left = await save_range(fence, build, page(0))
    new = await save_range(fence, build, page(1, unembedded=tuple(left)))
    assert [(p.ordinal, p.text) for p in new] == [(0, LINES[0]), (1, LINES[1])]
    assert new[0] == left[0]


async def test_a_refused_passage_is_told_once(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    (refused,) = await save_range(fence, build, page(0))
    none = Embedded((), np.empty((0, FakeEmbedder.dimension), np.float32), (refused,))
    await save_vectors(fence, build, none)
    await save_vectors(fence, build, none)
    problems = await owner_connection.fetch("SELECT ordinal, code FROM file_problem")
    assert [tuple(row) for row in problems] == [(1_000_000, "embedding_refused")]
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 0


async def test_the_stage_is_told_and_renewed_with_the_lease(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    await note_stage(fence, build, "embedding")
    assert (await file_row(owner_connection, made.file_id))["stage"] == "embedding"
    assert fence.stage == "embedding"


async def test_nothing_is_added_to_a_file_in_the_bin(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    pending = await save_range(fence, build, page(0))
    await owner_connection.execute("UPDATE item SET deleted_at = now()")
    with pytest.raises(Unwanted):
        await save_range(fence, build, page(1))
    with pytest.raises(Unwanted):
        await save_vectors(fence, build, await embedded(*pending))
    assert await owner_connection.fetchval("SELECT count(*) FROM passage") == 1
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 0


async def test_a_newer_version_stops_the_older_ones_reading(fence, made, owner_connection):
    build, _ = await opened_build(fence, made)
    pending = await save_range(fence, build, page(0))
    await owner_connection.execute("UPDATE file SET version = 2")
    with pytest.raises(Unwanted):
        await opened_build(fence, made)
    with pytest.raises(Unwanted):
        await save_range(fence, build, page(1))
    with pytest.raises(Unwanted):
        await save_vectors(fence, build, await embedded(*pending))
    assert await owner_connection.fetchval("SELECT count(*) FROM passage") == 1


async def test_a_version_that_comes_in_the_midst_of_a_transaction_keeps_its_own_numbers(
    fence, made, owner_connection
):
    """Both wrote the one row of the file: progress over 100 %, and a version without text that ended ready."""
    build, _ = await opened_build(fence, made)
    ws = fence.workspace_id
    named = {"workspace_id": ws, **build.source.columns}
    async with fence.tx() as conn:
        await hold_file(conn, ws, build.source)
        await owner_connection.execute("UPDATE file SET version = 2, state = 'queued', stage = ''")
        before = await file_row(owner_connection, made.file_id)
        await start_file(conn, ws, build, Built(), "text/plain")
        counts = {"segments_done": 1, "segments_total": 2, "passages": 3}
        await execute(conn, NOTE_SEGMENTS, **named, build_id=build.id, **counts)
        await execute(conn, NOTE_VECTORS, **named, vectors=3)
    await note_stage(fence, build, "embedding")
    assert await file_row(owner_connection, made.file_id) == before


async def test_what_a_document_says_of_itself_is_kept_with_its_version(
    fence, made, owner_connection
):
    build, _ = await opened_build(fence, made)
    told = Properties(title=" Tides\n\0of the\tharbour ", author="A" * 600, created="2024-05")
    await save_range(fence, build, replace(page(0), properties=told))
    row = await owner_connection.fetchrow(
        "SELECT title, author, created, modified, language FROM file_version"
    )
    assert tuple(row) == ("Tides of the harbour", "A" * 500, "2024-05", "", "")
