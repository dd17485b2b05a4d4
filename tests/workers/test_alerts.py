"""What is new reaches the searches that find it: once each, whoever crashes, and only for who may see it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from uuid import UUID

import pytest

from core.ids import new_id
from search.index import index_seq_raised
from sql.pool import Pool
from tests.make import make_colleague, make_scope
from tests.saving import reported, save_search
from tests.workers.made import ingest_next, make_conversation, make_file, make_message
from workers.alerts import USUAL, Alerts, Portions, remove_old_notices


@pytest.fixture
def alerting(resources) -> Alerts:
    return Alerts(resources.worker, resources.app, resources.redis)


@pytest.fixture
async def talk(owner_connection, scope):
    return await make_conversation(owner_connection, scope)


@pytest.fixture
async def say(resources, owner_connection, scope, talk):
    """Post a message to the scope's one conversation."""

    async def post(content):
        return await make_message(owner_connection, resources, scope, content, conversation_id=talk)

    return post


async def notices(owner, search_id):
    """How many matches each notice of a search has, oldest first."""
    rows = await owner.fetch(
        "SELECT count(m.subject_id) AS n FROM notification n LEFT JOIN saved_search_match m ON m.notification_id = n.id"
        " WHERE n.saved_search_id = $1 GROUP BY n.id ORDER BY n.id",
        search_id,
    )
    return [row["n"] for row in rows]


async def test_a_new_message_is_told_to_the_searches_that_find_it(
    alerting, owner_connection, scope, say
):
    await say("The old harbour.")
    words = await save_search(owner_connection, scope, "harbours open")
    phrase = await save_search(owner_connection, scope, '"harbour opens"')
    other = await save_search(owner_connection, scope, "harbour -dawn")
    message_id = await say("The harbour opens at dawn.")
    assert await alerting.round() == 2
    assert await reported(owner_connection, words) == [message_id]
    assert await reported(owner_connection, phrase) == [message_id]
    assert await reported(owner_connection, other) == []
    assert await owner_connection.fetchval("SELECT count(*) FROM search_news") == 0


async def test_filters_alone_narrow_too(alerting, resources, owner_connection, scope, say):
    mine = await save_search(owner_connection, scope, "from:me type:message")
    files = await save_search(owner_connection, scope, "ext:md", type="file")
    message_id = await say("Anything at all")
    assert await alerting.round() == 1
    assert (await reported(owner_connection, mine), await reported(owner_connection, files)) == (
        [message_id],
        [],
    )


async def test_a_file_is_told_by_its_version_and_not_again_when_it_is_read_anew(
    alerting, resources, owner_connection, scope, work
):
    search_id = await save_search(owner_connection, scope, "harbour ext:md")
    text = "# Times\n\nThe harbour opens at dawn.\n\n" + "The tide turns at noon. " * 400
    made = await make_file(owner_connection, resources, scope, text.encode(), name="notes.md")
    await owner_connection.execute("UPDATE item SET extension = 'md'")
    await ingest_next(resources, work.tools)
    assert await alerting.round() == 1
    assert await reported(owner_connection, search_id) == [made.version_id]
    async with resources.app.write_tx(scope) as conn:
        await index_seq_raised(conn, scope.workspace_id, shown=made.file_id)
    assert await alerting.round() == 0


async def test_an_edited_message_is_told_once(alerting, owner_connection, scope, talk, say):
    search_id = await save_search(owner_connection, scope, "harbour")
    message_id = await say("The harbour")
    assert await alerting.round() == 1
    await owner_connection.execute(
        "INSERT INTO search_news (workspace_id, id, item_id) VALUES ($1, $2, $3)",
        scope.workspace_id, new_id(), talk,
    )  # fmt: skip
    assert await alerting.round() == 0
    assert await reported(owner_connection, search_id) == [message_id]


async def test_only_who_may_see_it_is_told_and_who_is_let_in_later_is_told_then(
    alerting, resources, owner_connection, scope, talk, say
):
    bob = await make_colleague(owner_connection, scope)
    theirs = await save_search(owner_connection, bob, "harbour")
    eve = await make_scope(owner_connection, "eve")
    gone = await save_search(owner_connection, eve, "harbour")
    message_id = await say("The harbour")
    assert await alerting.round() == 0
    async with resources.app.write_tx(scope) as conn:
        await conn.raw.execute(
            "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
            scope.workspace_id, talk, bob.account_id,
        )  # fmt: skip
        await index_seq_raised(conn, scope.workspace_id, shown=talk)
    assert await alerting.round() == 1
    assert await reported(owner_connection, theirs) == [message_id]
    assert await reported(owner_connection, gone) == []


@pytest.mark.parametrize(
    "silence",
    [
        "UPDATE saved_search SET is_alerting = false",
        "UPDATE account SET disabled_at = now()",
        "DELETE FROM membership",
    ],
)
async def test_who_does_not_want_to_know_or_may_not_sign_in_is_not_told(
    alerting, owner_connection, scope, say, silence
):
    await save_search(owner_connection, scope, "harbour")
    await say("The harbour")
    await owner_connection.execute(silence)
    assert await alerting.round() == 0


async def test_many_matches_make_some_notices_and_none_is_missing(
    resources, owner_connection, scope, say
):
    small = Portions(passages=7, matches=3, hold_s=0.001)
    alerting = Alerts(resources.worker, resources.app, resources.redis, portions=small)
    search_id = await save_search(owner_connection, scope, "harbour")
    said = [await say(f"harbour {n}") for n in range(10)]
    assert await alerting.round() == 4
    assert await reported(owner_connection, search_id) == sorted(said)
    assert sorted(await notices(owner_connection, search_id)) == [1, 3, 3, 3]


async def test_workers_at_the_same_time_tell_once(resources, owner_connection, scope, say):
    search_id = await save_search(owner_connection, scope, "harbour")
    said = [await say(f"harbour {n}") for n in range(5)]
    workers = [Alerts(resources.worker, resources.app, resources.redis) for _ in range(3)]
    await asyncio.gather(*(worker.round() for worker in workers))
    assert await reported(owner_connection, search_id) == sorted(said)
    assert sum(await notices(owner_connection, search_id)) == 5


class Died(Exception):
    pass


@dataclass(frozen=True)
class DyingPool(Pool):
    """Ends the n-th transaction of a workspace as a killed process does: without a commit, or right after it."""

    left: list[int]
    when: str

    @asynccontextmanager
    async def tenant_tx(self, workspace_id, *, waits_for_disk=True):
        self.left[0] -= 1
        async with super().tenant_tx(workspace_id, waits_for_disk=waits_for_disk) as conn:
            yield conn
            if self.left[0] == 0 and self.when == "before":
                raise Died
        if self.left[0] == 0:
            raise Died


@pytest.mark.parametrize("when", ["before", "after"])
async def test_wherever_a_worker_dies_each_match_is_told_once(
    alerting, resources, owner_connection, scope, say, when
):
    """Dies in its first transaction, then in its second, until a round has no more; another worker goes on each time."""
    searches = [await save_search(owner_connection, scope, q) for q in ("harbour", "opens")]
    values = {field.name: getattr(resources.worker, field.name) for field in fields(Pool)}
    said, died = list[UUID](), 0
    while died == len(said):
        said.append(await say("The harbour opens"))
        dying = DyingPool(**values, left=[len(said)], when=when)
        try:
            await Alerts(dying, resources.app, resources.redis).round()
        except Died:
            died += 1
            await owner_connection.execute("UPDATE search_news SET taken_until = now()")
        await alerting.round()
        assert [await reported(owner_connection, s) for s in searches] == [sorted(said)] * 2
        assert [await notices(owner_connection, s) for s in searches] == [[1] * len(said)] * 2
    assert died > 5


async def test_news_that_a_worker_died_with_waits_until_it_is_sure(
    alerting, resources, owner_connection, scope, say
):
    await save_search(owner_connection, scope, "harbour")
    await say("The harbour")
    values = {field.name: getattr(resources.worker, field.name) for field in fields(Pool)}
    dying = DyingPool(**values, left=[1], when="before")
    with pytest.raises(Died):
        await Alerts(dying, resources.app, resources.redis).round()
    assert await alerting.round() == 0
    held = "UPDATE search_news SET taken_until = taken_until - make_interval(secs => $1)"
    await owner_connection.execute(held, USUAL.hold_s)
    assert await alerting.round() == 1


async def test_each_workspace_has_its_turn(alerting, resources, owner_connection):
    scopes = [await make_scope(owner_connection) for _ in range(3)]
    searches = [await save_search(owner_connection, scope, "harbour") for scope in scopes]
    for scope in scopes:
        talk = await make_conversation(owner_connection, scope)
        for _ in range(2):
            await make_message(owner_connection, resources, scope, "harbour", conversation_id=talk)
    assert await alerting.round() == 3
    assert [len(await reported(owner_connection, s)) for s in searches] == [2, 2, 2]


async def test_a_search_that_cannot_be_asked_any_more_does_not_silence_the_others(
    alerting, owner_connection, scope, say
):
    broken = await save_search(owner_connection, scope, "harbour")
    await owner_connection.execute("UPDATE saved_search SET tz = 'Mars/Olympus'")
    whole = await save_search(owner_connection, scope, "harbour")
    message_id = await say("harbour")
    assert await alerting.round() == 1
    assert await reported(owner_connection, broken) == []
    assert await reported(owner_connection, whole) == [message_id]


async def test_old_notices_go_and_their_matches_are_not_told_again(
    alerting, resources, owner_connection, scope, say
):
    search_id = await save_search(owner_connection, scope, "harbour")
    await say("harbour")
    await alerting.round()
    assert await remove_old_notices(resources.worker) == 0
    await owner_connection.execute(
        "UPDATE notification SET created_at = now() - interval '91 days'"
    )
    assert await remove_old_notices(resources.worker) == 1
    assert len(await reported(owner_connection, search_id)) == 1


async def test_a_search_deleted_meanwhile_is_told_nothing(alerting, owner_connection, scope, say):
    search_id = await save_search(owner_connection, scope, "harbour")
    await say("harbour")
    await owner_connection.execute("DELETE FROM saved_search")
    assert await alerting.round() == 0
    assert await reported(owner_connection, search_id) == []
