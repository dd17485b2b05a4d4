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
from tests.make import make_colleague
from tests.workers.made import file_row, job_row
from workers.queue import enqueue_file_calls

TEXT = "The harbour opens at dawn.\n"
UNREAD = Problem(1, 2, "page_unreadable", "Page 2 could not be read.", "Print it anew.")
UNSUPPORTED = PermanentFailure("unsupported_type", "Not read.")
TELL = enqueue_file_calls
HOOKED = ["file.ready", "file.partial", "file.failed"]
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
    assert await finish(fence, build, tell=TELL) == end
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
    await finish(fence, build, tell=TELL)
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
        await finish(fence, build, tell=TELL)
    assert await ends(owner_connection, made) == ("processing", "", "leased")


async def test_a_file_that_failed_shows_none_of_its_half(fence, build, made, owner_connection):
    await save_range(fence, build, read())
    await fail(fence, build.source, build, reason=BROKEN, tell=TELL)
    assert await ends(owner_connection, made) == ("failed", "broken_file", "failed")
    assert await owner_connection.fetchval("SELECT active_build_id FROM item") is None
    assert await owner_connection.fetchval("SELECT retired_at IS NOT NULL FROM build")


async def test_a_type_that_is_not_read_is_stored_and_no_failure(fence, made, owner_connection):
    source = await find_source(fence, made.version_id)
    await fail(fence, source, None, reason=UNSUPPORTED, tell=TELL)
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
        finish(fence, build, tell=TELL),
        fail(fence, build.source, build, reason=BROKEN, tell=TELL),
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
    await finish(fence, build, tell=TELL)
    news = "SELECT item_id, passage_ids FROM search_news"
    assert await owner_connection.fetch(news) == []
    await owner_connection.execute("UPDATE item SET active_build_id = $1", new_id())
    await owner_connection.execute("UPDATE job SET state = 'leased', lease_token = $1", fence.token)
    await finish(fence, build, tell=TELL)
    assert [tuple(row) for row in await owner_connection.fetch(news)] == [(made.file_id, None)]


async def told(owner) -> list[tuple[str, int, str, str]]:
    """What webhooks are to be told, and the job of each call."""
    rows = await owner.fetch(
        "SELECT e.kind, e.version, e.reason_code, j.state FROM file_event e"
        " JOIN job j ON j.kind = 'call_file_webhook' AND j.subject_id = e.id ORDER BY e.kind, e.id"
    )
    return [tuple(row) for row in rows]


@pytest.fixture
async def hook(owner_connection, scope) -> None:
    await hook_of(owner_connection, scope)


async def hook_of(owner, scope) -> None:
    await owner.execute(
        "INSERT INTO webhook (workspace_id, id, account_id, url, kinds) VALUES ($1, $2, $3, 'https://hooks.example.org', $4)",
        scope.workspace_id, new_id(), scope.account_id, HOOKED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (read(), [("file.ready", 1, "", "queued")]),
        (read(problems=(UNREAD,)), [("file.partial", 1, "", "queued")]),
        (read(text="\n"), []),
    ],
    ids=["whole", "in part", "an end that nobody asked about"],
)
async def test_who_wants_to_know_is_told_of_the_end_in_its_transaction(
    fence, build, hook, owner_connection, part, expected
):
    await save_range(fence, build, part)
    await finish(fence, build, tell=TELL)
    assert await told(owner_connection) == expected


async def test_a_failure_is_told_with_its_reason(fence, build, hook, owner_connection):
    await fail(fence, build.source, build, reason=BROKEN, tell=TELL)
    assert await told(owner_connection) == [("file.failed", 1, "broken_file", "queued")]


async def test_only_who_may_see_a_file_is_told_of_it(fence, build, scope, owner_connection):
    await hook_of(owner_connection, await make_colleague(owner_connection, scope))
    await save_range(fence, build, read())
    await finish(fence, build, tell=TELL)
    assert await told(owner_connection) == []


@pytest.mark.parametrize(
    "change",
    ["UPDATE webhook SET disabled_at = now()", "UPDATE account SET disabled_at = now()"],
)
async def test_nobody_is_told_who_is_to_be_told_no_more(
    fence, build, hook, owner_connection, change
):
    await owner_connection.execute(change)
    await save_range(fence, build, read())
    await finish(fence, build, tell=TELL)
    assert await told(owner_connection) == []


async def test_an_older_version_that_fails_late_is_not_told(fence, build, hook, owner_connection):
    await owner_connection.execute("UPDATE file SET version = 2, state = 'ready'")
    await fail(fence, build.source, build, reason=BROKEN, tell=TELL)
    assert await told(owner_connection) == []
