from datetime import UTC, datetime, timedelta

import pytest

from core.ids import new_id
from search.notices import Happening, tell
from tests.mailbox import mailbox
from tests.make import make_colleague
from tests.workers.made import make_conversation, make_file
from tests.workers.notified import sending_to, wants
from workers.jobs import ingest_file
from workers.ledger import claim, leased
from workers.outbox import begin_digests, empty_outbox
from workers.sending import send_digest


@pytest.fixture
async def box():
    async with mailbox() as box:
        yield box


@pytest.fixture
def sending(resources, box):
    return sending_to(resources, box.url)


@pytest.fixture
async def bob(owner_connection, scope):
    return await make_colleague(owner_connection, scope)


@pytest.fixture
async def invite(owner_connection, resources, scope, bob):
    """Let bob into a new conversation, and tell him."""

    async def let_in(title="Plans"):
        talk = await make_conversation(owner_connection, scope)
        await owner_connection.execute("UPDATE item SET title = $2 WHERE id = $1", talk, title)
        await owner_connection.execute(
            "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
            scope.workspace_id, talk, bob.account_id,
        )  # fmt: skip
        happening = Happening("invited", talk, subject_id=new_id(), actor_id=scope.account_id)
        async with resources.app.write_tx(scope) as conn:
            await tell(conn, scope.workspace_id, happening, account_ids=[bob.account_id])

    return let_in


async def jobs(owner, kind):
    return await owner.fetchval("SELECT count(*) FROM job WHERE kind = $1", kind)


async def test_a_notice_that_somebody_is_to_be_sent_becomes_one_job(
    resources, owner_connection, bob, invite, monkeypatch
):
    monkeypatch.setattr("workers.outbox.MOST_AT_ONCE", 1)
    await wants(owner_connection, bob, "invited", email="at_once")
    for _ in range(2):
        await invite()
    found = [await empty_outbox(resources.worker, resources.redis) for _ in range(2)]
    assert (found, await jobs(owner_connection, "send_notice")) == ([2, 0], 2)


async def test_without_a_browser_or_a_wish_for_mail_there_is_no_job(
    resources, owner_connection, invite
):
    await invite()
    assert await empty_outbox(resources.worker, resources.redis) == 0
    assert await owner_connection.fetchval("SELECT count(*) FROM notification WHERE to_send") == 0


async def day_begins(resources, owner, bob, *, hours_ago):
    await owner.execute(
        "INSERT INTO notification_hours (workspace_id, account_id, digested_at) VALUES ($1, $2, now() - $3::interval)",
        bob.workspace_id, bob.account_id, timedelta(hours=hours_ago),
    )  # fmt: skip
    return [await begin_digests(resources.worker, resources.redis) for _ in range(2)]


async def work(resources, sending):
    claimed = await claim(resources.worker, "send_digest")
    assert claimed is not None
    (job,) = claimed.jobs
    async with leased(resources.worker, claimed) as fence:
        await send_digest(sending, fence, account_id=job.subject_id)


async def test_a_day_is_sent_once_with_what_was_not_read(
    resources,
    owner_connection,
    bob,
    invite,
    sending,
    box,
):
    await wants(owner_connection, bob, "invited", email="daily")
    for title in ("Plans", "Costs", "Dates"):
        await invite(title)
    await owner_connection.execute(
        "UPDATE notification SET read_at = now() WHERE item_id = (SELECT id FROM item WHERE title = 'Costs')"
    )
    assert await empty_outbox(resources.worker, resources.redis) == 0, "nothing at once"
    assert await day_begins(resources, owner_connection, bob, hours_ago=25) == [1, 0]
    await work(resources, sending)
    (letter,) = box.letters
    assert letter["Subject"] == "2 things happened in Recollect"
    assert [title in letter.get_content() for title in ("Plans", "Costs", "Dates")] == [
        True,
        False,
        True,
    ]
    await owner_connection.execute(
        "UPDATE notification_hours SET digested_at = now() - interval '25 hours'"
    )
    assert await begin_digests(resources.worker, resources.redis) == 1
    await work(resources, sending)
    assert len(box.letters) == 1, "what has gone does not go again"


async def test_a_digest_waits_for_its_time(resources, owner_connection, bob, invite):
    await wants(owner_connection, bob, "invited", email="daily")
    await invite()
    await owner_connection.execute(
        "INSERT INTO notification_hours (workspace_id, account_id, digested_at) VALUES ($1, $2, $3)",
        bob.workspace_id, bob.account_id, datetime(2026, 1, 1, 8, tzinfo=UTC),
    )  # fmt: skip
    at = [datetime(2026, 1, 2, 7, 59, tzinfo=UTC), datetime(2026, 1, 2, 8, tzinfo=UTC)]
    begun = [await begin_digests(resources.worker, resources.redis, now=now) for now in at]
    assert begun == [0, 1]


async def test_the_owner_of_a_file_is_told_how_its_reading_ended(
    resources, owner_connection, scope, work
):
    await wants(owner_connection, scope, "file.ready")
    good = await make_file(owner_connection, resources, scope, b"words", name="good.txt")
    bad = await make_file(owner_connection, resources, scope, b"%PDF-1.7 cut", name="bad.pdf")
    for _ in range(2):
        claimed = await claim(resources.worker, "ingest_file")
        assert claimed is not None
        async with leased(resources.worker, claimed) as fence:
            await ingest_file(work, fence, claimed)
    told = await owner_connection.fetch(
        "SELECT kind, item_id, subject_id, account_id FROM notification ORDER BY kind DESC"
    )
    assert [tuple(row) for row in told] == [
        ("file.ready", good.file_id, good.version_id, scope.account_id),
        ("file.failed", bad.file_id, bad.version_id, scope.account_id),
    ]
