import pytest

from core.errors import LeaseLost, PermanentFailure
from core.ids import new_id
from ingest.build import Build, Making, begin, save_range
from ingest.chunk import Chunk
from ingest.ending import fail, finish, withdraw
from ingest.extract.segment import Problem, Segment
from ingest.ranges import Placed, Range
from ingest.source import Unwanted, find_source
from ingest.vectors import Asking
from search.embed import FakeEmbedder
from tests.workers.made import file_row, job_row

TEXT = "The harbour opens at dawn.\n"
UNREAD = Problem(1, 2, "page_unreadable", "Page 2 could not be read.", "Print it anew.")
BROKEN = PermanentFailure("broken_file", "The file is damaged.", remedy="Save it anew.")


@pytest.fixture
async def build(fence, made) -> Build:
    source = await find_source(fence, made.version_id)
    build, _ = await begin(
        fence,
        source,
        making=Making(1),
        media_type="text/plain",
        asking=Asking(FakeEmbedder()),
    )
    return build


def read(*, text: str = TEXT, problems: tuple[Problem, ...] = ()) -> Range:
    chunks = (Chunk(0, len(text), None, None, (), text),) if text.strip() else ()
    segment = Placed(0, Segment(0, None, None, text, 1))
    return Range(1, 1, (segment,), problems, chunks, 0, ())


async def ends(owner, made) -> tuple[str, str, str]:
    """The file's state and reason, and the state of its job."""
    row = await file_row(owner, made.file_id)
    return row["state"], row["reason_code"], (await job_row(owner, made.job_id))["state"]


@pytest.mark.parametrize(
    ("part", "end", "reason"),
    [
        (read(), "ready", ""),
        (read(problems=(UNREAD,)), "partial", ""),
        (read(text="\n"), "no_text", "no_text"),
        (read(text="\n", problems=(UNREAD,)), "no_text", "page_unreadable"),
    ],
    ids=["whole", "in part", "without text", "without text for a reason"],
)
async def test_what_was_found_decides_the_end(
    fence, build, made, owner_connection, part, end, reason
):
    await save_range(fence, build, part)
    assert await finish(fence, build) == end
    assert await ends(owner_connection, made) == (end, reason, "done")


async def test_the_older_build_retires_when_the_newer_one_is_shown(
    fence, build, made, owner_connection
):
    older = new_id()
    await owner_connection.execute(
        "INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version, finished_at)"
        " SELECT workspace_id, $1, file_id, version_id, 1, now() FROM build",
        older,
    )
    await owner_connection.execute("UPDATE item SET active_build_id = $1", older)
    await save_range(fence, build, read())
    await finish(fence, build)
    assert await owner_connection.fetchval("SELECT active_build_id FROM item") == build.id
    kept = await owner_connection.fetch("SELECT id FROM build WHERE retired_at IS NULL")
    assert [row["id"] for row in kept] == [build.id]


@pytest.mark.parametrize(
    "change", ["UPDATE item SET deleted_at = now()", "UPDATE file SET version = 2"]
)
async def test_a_deletion_or_a_newer_version_wins_over_the_end(
    fence, build, made, owner_connection, change
):
    await save_range(fence, build, read())
    await owner_connection.execute(change)
    with pytest.raises(Unwanted):
        await finish(fence, build)
    assert await ends(owner_connection, made) == ("processing", "", "leased")


async def test_a_file_that_failed_shows_none_of_its_half(fence, build, made, owner_connection):
    await save_range(fence, build, read())
    await fail(fence, build.source, build, BROKEN)
    assert await ends(owner_connection, made) == ("failed", "broken_file", "failed")
    assert await owner_connection.fetchval("SELECT active_build_id FROM item") is None
    assert await owner_connection.fetchval("SELECT retired_at IS NOT NULL FROM build")


async def test_a_type_that_is_not_read_is_stored_and_no_failure(fence, made, owner_connection):
    source = await find_source(fence, made.version_id)
    await fail(fence, source, None, PermanentFailure("unsupported_type", "Not read."))
    assert await ends(owner_connection, made) == ("no_text", "unsupported_type", "done")


async def test_what_is_withdrawn_keeps_its_half_for_later(fence, build, made, owner_connection):
    await save_range(fence, build, read())
    await withdraw(fence, made.version_id)
    assert await ends(owner_connection, made) == ("cancelled", "", "cancelled")
    assert await owner_connection.fetchval("SELECT retired_at IS NULL FROM build")


async def test_who_lost_the_lease_ends_nothing(fence, build, made, owner_connection):
    await save_range(fence, build, read())
    before = await ends(owner_connection, made)
    await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
    for ending in (
        finish(fence, build),
        fail(fence, build.source, build, BROKEN),
        withdraw(fence, made.version_id),
    ):
        with pytest.raises(LeaseLost):
            await ending
    assert await ends(owner_connection, made) == before


async def test_a_build_that_stands_in_for_another_is_news_and_a_first_one_was(
    fence, build, made, scope, owner_connection
):
    await owner_connection.execute(
        "INSERT INTO saved_search (workspace_id, id, account_id, name, q, tz) VALUES ($1, $2, $3, 'all', 'dawn', 'UTC')",
        scope.workspace_id, new_id(), scope.account_id,
    )  # fmt: skip
    await save_range(fence, build, read())
    await owner_connection.execute("DELETE FROM search_news")
    await finish(fence, build)
    news = "SELECT item_id, passage_ids FROM search_news"
    assert await owner_connection.fetch(news) == []
    await owner_connection.execute("UPDATE item SET active_build_id = $1", new_id())
    await owner_connection.execute("UPDATE job SET state = 'leased', lease_token = $1", fence.token)
    await finish(fence, build)
    assert [tuple(row) for row in await owner_connection.fetch(news)] == [(made.file_id, None)]
