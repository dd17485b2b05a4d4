"""A webhook hears how the reading of a file ended, while its owner may see the file."""

from dataclasses import replace

import orjson
import pytest

from core.errors import ProviderAway
from core.signature import signed_headers, webhook_secret
from tests.workers.made import again, make_file, make_webhook
from tests.workers.test_main import until
from workers.drain import Terms
from workers.file_webhooks import call_file_webhook, remove_old_events
from workers.jobs import Ended, bury
from workers.ledger import claim, leased
from workers.main import RETRY, working


@pytest.fixture
async def failed(resources, owner_connection, scope, receiver):
    """A file whose job died, and a webhook that is to be told."""
    await make_webhook(owner_connection, scope, receiver.url)
    made = await make_file(owner_connection, resources, scope, b"text", name="Tides.txt")
    ws = scope.workspace_id
    ended = Ended(ws, made.job_id, "ingest_file", made.version_id, "dead", "worker_crash")
    for _ in range(2):  # the second one finds that it was told
        async with resources.worker.tenant_tx(ws) as conn:
            await bury(conn, ended)
    return made


async def call(resources, calling) -> None:
    claimed = await claim(resources.worker, "call_file_webhook")
    assert claimed is not None
    (job,) = claimed.jobs
    async with leased(resources.worker, claimed) as fence:
        await call_file_webhook(calling, fence, event_id=job.subject_id)


async def state(owner):
    """The job, and what its owner is told of the webhook."""
    job = await owner.fetchrow("SELECT state, reason FROM job WHERE kind = 'call_file_webhook'")
    hook = await owner.fetchrow(
        "SELECT failing_since IS NOT NULL AS failing, disabled_at IS NOT NULL AS disabled, reason FROM webhook"
    )
    return (*job, *hook)


async def test_the_receiver_gets_the_end_with_its_reason_and_can_check_who_sent_it(
    resources, owner_connection, scope, calling, receiver, failed
):
    await call(resources, calling)
    (received,) = receiver.received
    event = await owner_connection.fetchrow("SELECT id, webhook_id, created_at FROM file_event")
    assert orjson.loads(received.body) == {
        "type": "file.failed",
        "id": str(event["id"]),
        "created_at": event["created_at"].isoformat().replace("+00:00", "Z"),
        "workspace_id": str(scope.workspace_id),
        "file": {
            "id": str(failed.file_id),
            "version": 1,
            "name": "Tides.txt",
            "folder": "",
            "media_type": "",
            "size_bytes": 4,
            "sha256": "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
            "links": {
                "self": f"/api/v1/files/{failed.file_id}",
                "open": f"/#/file/{failed.file_id}",
            },
        },
        "reason": {
            "code": "worker_crash",
            "message": "Reading it ended the worker three times.",
            "remedy": "Retry it; if that fails again, tell whoever runs this server.",
        },
    }
    secret = webhook_secret(await calling.key(), event["webhook_id"])
    sent_at = await owner_connection.fetchval(
        "SELECT to_timestamp($1::bigint)", int(received.headers["webhook-timestamp"])
    )
    signed = signed_headers(secret, call_id=event["id"], at=sent_at, body=received.body)
    assert {name: received.headers[name.lower()] for name in signed} == signed
    assert await state(owner_connection) == ("done", "", False, False, "")


async def test_a_call_is_made_again_with_its_id_until_it_is_taken(
    resources, owner_connection, calling, receiver, failed
):
    receiver.statuses = [503, 200]
    with pytest.raises(ProviderAway, match="The answer was 503"):
        await call(resources, calling)
    assert (await state(owner_connection))[2:] == (True, False, "The answer was 503.")
    job_id = await owner_connection.fetchval("SELECT id FROM job WHERE kind = 'call_file_webhook'")
    await again(owner_connection, job_id)
    await call(resources, calling)
    assert await state(owner_connection) == ("done", "", False, False, "")
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


@pytest.mark.parametrize(("status", "since"), [(500, "25 hours"), (410, "0 seconds")])
async def test_who_fails_for_a_day_or_is_gone_is_disabled(
    resources, owner_connection, calling, receiver, failed, status, since
):
    receiver.statuses = [status]
    await owner_connection.execute(
        "UPDATE webhook SET failing_since = now() - $1::text::interval", since
    )
    await call(resources, calling)
    told = f"The answer was {status}."
    assert await state(owner_connection) == ("done", told, True, True, told)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM webhook",
        "UPDATE webhook SET disabled_at = now()",
        "UPDATE account SET disabled_at = now()",
        "DELETE FROM membership",
        "DELETE FROM access_grant",
        "UPDATE item SET deleted_at = now()",
    ],
)
async def test_nothing_is_sent_of_what_may_not_be_seen_or_told_any_more(
    resources, owner_connection, calling, receiver, failed, change
):
    await owner_connection.execute(change)
    await call(resources, calling)
    assert receiver.received == []
    kind = "call_file_webhook"
    assert await owner_connection.fetchval("SELECT state FROM job WHERE kind = $1", kind) == "done"


async def test_what_was_told_a_month_ago_is_removed(resources, owner_connection, failed):
    assert await remove_old_events(resources.worker) == 0
    await owner_connection.execute("UPDATE file_event SET created_at = now() - interval '31 days'")
    assert await remove_old_events(resources.worker) == 1


async def test_a_worker_reads_tells_and_calls_by_itself(
    resources, owner_connection, scope, receiver
):
    settings = resources.settings.model_copy(update={"webhook_hosts": receiver.named})
    await make_webhook(owner_connection, scope, receiver.url)
    made = [
        await make_file(owner_connection, resources, scope, data, name=name)
        for name, data in (("a.txt", b"The harbour opens."), ("b.pdf", b"%PDF-1.7 of nothing"))
    ]
    async with working(replace(resources, settings=settings), Terms(RETRY, poll_s=0.05)):
        done = "SELECT count(*) = 2 FROM job WHERE kind = 'call_file_webhook' AND finished_at IS NOT NULL"
        await until(owner_connection, done)
    bodies = [orjson.loads(received.body) for received in receiver.received]
    assert sorted((body["type"], body["file"]["id"]) for body in bodies) == [
        ("file.failed", str(made[1].file_id)),
        ("file.ready", str(made[0].file_id)),
    ]
