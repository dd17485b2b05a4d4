"""A webhook hears of what was found: signed, again until it answers, and only what its owner may see."""

import base64
import hashlib
import hmac
from dataclasses import replace

import orjson
import pytest

from core.errors import ProviderAway
from core.signature import webhook_secret
from search.notices import count_unread, list_notices
from tests.saving import save_search
from tests.workers.made import again, make_conversation, make_message
from tests.workers.test_main import until
from workers.alerts import Alerts
from workers.drain import Terms
from workers.ledger import claim, leased
from workers.main import RETRY, working
from workers.webhooks import call_webhook, wait_after


@pytest.fixture
async def found(resources, owner_connection, scope, receiver):
    """A saved search with a webhook, and a message that it was told of."""
    await save_search(owner_connection, scope, "harbour", webhook_url=receiver.url)
    talk = await make_conversation(owner_connection, scope)
    message_id = await make_message(
        owner_connection, resources, scope, "The harbour opens.", conversation_id=talk
    )
    await Alerts(resources.worker, resources.app, resources.redis).round()
    return message_id


async def call(resources, calling) -> None:
    claimed = await claim(resources.worker, "call_webhook")
    assert claimed is not None
    (job,) = claimed.jobs
    async with leased(resources.worker, claimed) as fence:
        await call_webhook(calling, fence, notification_id=job.subject_id)


async def state(owner):
    """The job, and what its owner is told of the webhook."""
    job = await owner.fetchrow("SELECT state, reason FROM job WHERE kind = 'call_webhook'")
    hook = await owner.fetchrow(
        "SELECT webhook_failing_since IS NOT NULL AS failing, webhook_disabled_at IS NOT NULL AS disabled, webhook_reason"
        " FROM saved_search"
    )
    return (*job, *hook)


async def kinds(owner):
    return [row["kind"] for row in await owner.fetch("SELECT kind FROM notification ORDER BY id")]


async def test_the_receiver_gets_the_matches_and_can_check_who_sent_them(
    resources, owner_connection, scope, calling, receiver, found
):
    await call(resources, calling)
    (received,) = receiver.received
    row = await owner_connection.fetchrow(
        "SELECT n.id, n.created_at, s.id AS search_id, s.webhook_id, g.conversation_id, g.created_at AS posted_at"
        " FROM notification n, saved_search s, message g"
    )
    posted_at = row["posted_at"].isoformat().replace("+00:00", "Z")
    assert orjson.loads(received.body) == {
        "type": "saved_search.matches",
        "id": str(row["id"]),
        "created_at": row["created_at"].isoformat().replace("+00:00", "Z"),
        "workspace_id": str(scope.workspace_id),
        "saved_search": {"id": str(row["search_id"]), "name": "harbour", "q": "harbour"},
        "matches": [
            {
                "type": "message",
                "file_id": None,
                "version": None,
                "conversation_id": str(row["conversation_id"]),
                "message_id": str(found),
                "title": "",
                "author": "ada",
                "created_at": posted_at,
                "excerpt": "The harbour opens.",
                "links": {
                    "self": f"/api/v1/conversations/{row['conversation_id']}?around={found}",
                    "open": f"/#/c/{row['conversation_id']}?m={found}&start=0&end=18",
                },
            }
        ],
    }
    headers = received.headers
    assert headers["webhook-id"] == str(row["id"])
    key = base64.b64decode(
        webhook_secret(await calling.key(), row["webhook_id"]).removeprefix("whsec_")
    )
    signed = f"{row['id']}.{headers['webhook-timestamp']}.".encode() + received.body
    mac = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert await state(owner_connection) == ("done", "", False, False, "")


async def test_a_receiver_is_called_for_an_owner_who_wants_no_notice_himself(
    resources, owner_connection, scope, calling, receiver
):
    """Without a notice there was nothing to call it with, and the match counted as told."""
    await owner_connection.execute(
        "INSERT INTO notification_setting (workspace_id, account_id, kind, in_app, email, push)"
        " VALUES ($1, $2, 'saved_search.matches', false, 'off', false)",
        *(scope.workspace_id, scope.account_id),
    )
    talk = await make_conversation(owner_connection, scope)
    await save_search(owner_connection, scope, "harbour", webhook_url=receiver.url)
    await save_search(owner_connection, scope, "opens")
    said = await make_message(
        owner_connection, resources, scope, "The harbour opens.", conversation_id=talk
    )
    await Alerts(resources.worker, resources.app, resources.redis).round()
    await call(resources, calling)
    (received,) = receiver.received
    (match,) = orjson.loads(received.body)["matches"]
    assert match["message_id"] == str(said)
    async with resources.app.read_tx(scope) as conn:
        listed = await list_notices(conn, scope, limit=10)
        assert (listed, await count_unread(conn, scope)) == ([], 0)
    row = await owner_connection.fetchrow("SELECT count(*), bool_or(to_send) FROM notification")
    assert tuple(row) == (1, False), "the search without a webhook has nobody to tell"


async def test_a_failure_is_written_down_and_success_forgets_it(
    resources, owner_connection, calling, receiver, found
):
    receiver.statuses = [503, 200]
    with pytest.raises(ProviderAway, match="The answer was 503"):
        await call(resources, calling)
    assert (await state(owner_connection))[2:] == (True, False, "The answer was 503.")
    await again(owner_connection, await owner_connection.fetchval(
        "SELECT id FROM job WHERE kind = 'call_webhook'"))  # fmt: skip
    await call(resources, calling)
    assert await state(owner_connection) == ("done", "", False, False, "")
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


@pytest.mark.parametrize(("status", "since"), [(500, "25 hours"), (410, "0 seconds")])
async def test_who_fails_for_a_day_or_is_gone_is_disabled_and_the_owner_told(
    resources, owner_connection, calling, receiver, found, status, since
):
    receiver.statuses = [status]
    await owner_connection.execute(
        "UPDATE saved_search SET webhook_failing_since = now() - $1::text::interval", since
    )
    await call(resources, calling)
    told = f"The answer was {status}."
    assert await state(owner_connection) == ("done", told, True, True, told)
    assert await kinds(owner_connection) == ["saved_search.matches", "webhook.disabled"]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM saved_search",
        "UPDATE saved_search SET webhook_url = NULL, webhook_id = NULL",
        "UPDATE saved_search SET webhook_disabled_at = now()",
        "UPDATE account SET disabled_at = now()",
        "DELETE FROM access_grant",
        "UPDATE item SET deleted_at = now()",
        "UPDATE message SET deleted_at = now()",
    ],
)
async def test_nothing_is_sent_of_what_may_not_be_seen_or_told_any_more(
    resources, owner_connection, calling, receiver, found, change
):
    await owner_connection.execute(change)
    await call(resources, calling)
    assert receiver.received == []
    assert (
        await owner_connection.fetchval("SELECT state FROM job WHERE kind = 'call_webhook'")
        == "done"
    )


async def test_an_address_changed_meanwhile_is_not_blamed_for_the_other(
    resources, owner_connection, calling, receiver, found
):
    receiver.statuses = [500]

    async def changed() -> bytes:
        await owner_connection.execute("UPDATE saved_search SET webhook_id = gen_random_uuid()")
        return b"k" * 32

    await call(resources, replace(calling, key=changed))
    assert await state(owner_connection) == ("done", "The answer was 500.", False, False, "")


async def test_an_address_inside_is_not_called_unless_the_operator_says_so(
    resources, owner_connection, calling, receiver, found
):
    with pytest.raises(ProviderAway, match="must use port 80 or 443"):
        await call(resources, replace(calling, inside=frozenset()))
    assert receiver.received == []


async def test_a_call_made_twice_is_the_same_call(
    resources, owner_connection, calling, receiver, found
):
    """The worker died between the answer and the end of the job."""
    await call(resources, calling)
    job_id = await owner_connection.fetchval("SELECT id FROM job WHERE kind = 'call_webhook'")
    await again(owner_connection, job_id)
    await call(resources, calling)
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert await state(owner_connection) == ("done", "", False, False, "")


def test_the_wait_grows_with_the_time_of_failing_up_to_a_quarter_of_an_hour():
    assert [wait_after(s) for s in (0, 20, 600, 86_400)] == [5, 10, 300, 900]


async def test_a_worker_finds_tells_and_calls_by_itself(
    resources, owner_connection, scope, receiver
):
    settings = resources.settings.model_copy(update={"webhook_hosts": receiver.named})
    search_id = await save_search(owner_connection, scope, "harbour", webhook_url=receiver.url)
    talk = await make_conversation(owner_connection, scope)
    async with working(replace(resources, settings=settings), Terms(RETRY, poll_s=0.05)):
        said = [
            await make_message(
                owner_connection, resources, scope, f"harbour {n}", conversation_id=talk
            )
            for n in range(3)
        ]
        await until(
            owner_connection,
            "SELECT count(*) = 3 AND (SELECT bool_and(state = 'done') FROM job) FROM saved_search_match",
        )
    bodies = [orjson.loads(received.body) for received in receiver.received]
    assert {body["saved_search"]["id"] for body in bodies} == {str(search_id)}
    told = [match["message_id"] for body in bodies for match in body["matches"]]
    assert sorted(told) == sorted(map(str, said))
