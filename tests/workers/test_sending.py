"""What goes out, to whom, and what does not: a real mail server and a push service whose browser decrypts."""

import orjson
import pytest

from core.errors import ProviderAway
from core.ids import new_id
from search.notices import Happening, tell
from tests.browser_keys import NewBrowser
from tests.mailbox import mailbox
from tests.make import make_colleague
from tests.receiver import receiving
from tests.workers.made import again, make_conversation, make_message
from tests.workers.notified import sending_to, wants
from workers.ledger import claim, leased
from workers.outbox import empty_outbox
from workers.sending import send_notice

BE_QUIET = (
    "INSERT INTO conversation_person (workspace_id, conversation_id, account_id, read_seq, read_at, is_quiet) SELECT workspace_id, item_id, principal_id, 0, NULL, true"
    " FROM access_grant WHERE role = 'reader'"
)


@pytest.fixture
async def box():
    async with mailbox() as box:
        yield box


@pytest.fixture
async def service():
    async with receiving() as service:
        yield service


@pytest.fixture
def sending(resources, box, service):
    return sending_to(resources, box.url, inside={service.named})


@pytest.fixture
async def bob(owner_connection, scope):
    return await make_colleague(owner_connection, scope)


@pytest.fixture
async def talk(owner_connection, scope, bob):
    talk = await make_conversation(owner_connection, scope)
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        scope.workspace_id, talk, bob.account_id,
    )  # fmt: skip
    return talk


@pytest.fixture
async def mention(owner_connection, resources, scope, bob, talk):
    """Mention bob in a new message; return its id."""

    async def write(content="Look, @bob"):
        message_id = await make_message(
            owner_connection, resources, scope, content, conversation_id=talk
        )
        happening = Happening("mention", talk, message_id, actor_id=scope.account_id)
        async with resources.app.write_tx(scope) as conn:
            await tell(conn, scope.workspace_id, happening, account_ids=[bob.account_id])
        return message_id

    return write


async def subscribe(owner, who, endpoint):
    browser = NewBrowser()
    await owner.execute(
        "INSERT INTO push_subscription (workspace_id, id, account_id, endpoint, p256dh, auth) VALUES ($1, $2, $3, $4, $5, $6)",
        who.workspace_id, new_id(), who.account_id, endpoint, browser.p256dh, browser.auth,
    )  # fmt: skip
    return browser


async def work(resources, sending):
    """Work the outbox and the one job that comes of it off."""
    await empty_outbox(resources.worker, resources.redis)
    claimed = await claim(resources.worker, "send_notice")
    if claimed is None:
        return False
    (job,) = claimed.jobs
    async with leased(resources.worker, claimed) as fence:
        await send_notice(sending, fence, notification_id=job.subject_id)
    return True


async def job_of(owner):
    return await owner.fetchval("SELECT id FROM job WHERE kind = 'send_notice'")


async def test_who_wants_a_mail_gets_it_once(
    resources, owner_connection, sending, box, bob, mention, talk
):
    await wants(owner_connection, bob, email="at_once")
    message_id = await mention()
    assert await work(resources, sending)
    (letter,) = box.letters
    notice_id = await owner_connection.fetchval("SELECT id FROM notification")
    assert letter["Subject"].startswith("ada mentioned you in ")
    assert letter["Message-ID"] == f"<{notice_id}@example.org>"
    assert f"https://recall.example.org/#/c/{talk}?m={message_id}" in letter.get_content()
    assert not await work(resources, sending)
    assert (
        await owner_connection.fetchval("SELECT state FROM job WHERE kind = 'send_notice'")
        == "done"
    )


async def test_a_browser_gets_what_only_it_can_read(
    resources, owner_connection, sending, service, bob, mention
):
    browser = await subscribe(owner_connection, bob, f"http://{service.named}/push/1")
    await mention()
    await work(resources, sending)
    (received,) = service.received
    assert received.line == "POST /push/1 HTTP/1.1"
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["ttl"] == "86400"
    assert received.headers["authorization"].startswith("vapid t=")
    told = orjson.loads(browser.decrypt(received.body))
    assert (told["kind"], told["body"]) == ("mention", "Look, @bob")
    assert b"Look" not in received.body


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    resources, owner_connection, sending, service, bob, mention, status
):
    service.statuses = [status]
    await subscribe(owner_connection, bob, f"http://{service.named}/push/1")
    await mention()
    await work(resources, sending)
    assert await owner_connection.fetchval("SELECT count(*) FROM push_subscription") == 0


async def test_what_failed_goes_again_and_what_went_does_not(
    resources, owner_connection, sending, service, box, bob, mention
):
    await wants(owner_connection, bob, email="at_once", push=True)
    await subscribe(owner_connection, bob, f"http://{service.named}/push/1")
    service.statuses = [500, 201]
    await mention()
    with pytest.raises(ProviderAway):
        await work(resources, sending)
    await again(owner_connection, await job_of(owner_connection))
    await work(resources, sending)
    topics = {received.headers["topic"] for received in service.received}
    assert (len(service.received), len(topics), len(box.letters)) == (2, 1, 1)


async def test_an_address_that_is_not_public_is_not_called(
    resources, owner_connection, sending, bob, mention
):
    async with receiving() as other:
        await subscribe(owner_connection, bob, f"http://{other.named}/push/1")
        await mention()
        with pytest.raises(ProviderAway):
            await work(resources, sending)
    assert other.received == []


async def test_a_letter_that_is_refused_for_good_is_not_tried_again(
    resources, owner_connection, sending, box, bob, mention
):
    box.answers = ["550 no such person"]
    await wants(owner_connection, bob, email="at_once")
    await mention()
    assert await work(resources, sending)
    assert await owner_connection.fetchval("SELECT way FROM notification_sent") == "email"


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM access_grant WHERE role = 'reader'",
        "UPDATE message SET deleted_at = now()",
        "UPDATE notification SET read_at = now()",
        "UPDATE account SET disabled_at = now() WHERE name = 'bob'",
        BE_QUIET,
    ],
)
async def test_permission_is_asked_when_it_is_sent(
    resources, owner_connection, sending, box, bob, mention, change
):
    await wants(owner_connection, bob, email="at_once")
    await mention()
    await owner_connection.execute(change)
    assert await work(resources, sending)
    assert box.letters == []


async def test_in_quiet_hours_it_waits(resources, owner_connection, sending, box, bob, mention):
    await wants(owner_connection, bob, email="at_once")
    hours = "SELECT extract(hour FROM now() AT TIME ZONE 'UTC')::int * 60 + extract(minute FROM now() AT TIME ZONE 'UTC')::int"
    minute = await owner_connection.fetchval(hours)
    await owner_connection.execute(
        "INSERT INTO notification_hours (workspace_id, account_id, quiet_from, quiet_until) VALUES ($1, $2, $3, $4)",
        bob.workspace_id, bob.account_id, (minute - 60) % 1440, (minute + 60) % 1440,
    )  # fmt: skip
    await mention()
    with pytest.raises(ProviderAway) as waits:
        await work(resources, sending)
    assert waits.value.retry_after_s is not None
    assert 0 < waits.value.retry_after_s <= 3600
    await owner_connection.execute(
        "UPDATE notification_hours SET quiet_from = NULL, quiet_until = NULL"
    )
    await again(owner_connection, await job_of(owner_connection))
    await work(resources, sending)
    assert len(box.letters) == 1
