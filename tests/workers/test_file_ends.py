from core.events import NUDGES
from tests.workers.made import make_file, make_webhook
from workers.file_ends import tell_of_end, wake_told
from workers.jobs import ingest_file
from workers.ledger import claim, leased
from workers.queue import BELL_QUEUE


async def test_the_owner_and_the_webhooks_are_told(resources, owner_connection, scope):
    await make_webhook(owner_connection, scope, "http://127.0.0.1/hook")
    made = await make_file(owner_connection, resources, scope, b"words")
    await owner_connection.execute("UPDATE file SET state = 'failed'")
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await tell_of_end(conn, scope.workspace_id, file_id=made.file_id)
    told = await owner_connection.fetch(
        "SELECT kind, item_id AS file_id FROM notification UNION ALL SELECT kind, file_id FROM file_event"
    )
    assert [tuple(row) for row in told] == [("file.failed", made.file_id)] * 2


async def nudged(hearing, topic: bytes) -> None:
    """Wait until a topic is nudged."""
    async for message in hearing.listen():
        if message["data"] == topic:
            return


async def test_who_is_told_of_a_file_is_woken_as_it_ends(resources, owner_connection, scope, work):
    topic = f"notices:{scope.account_id}".encode()
    await make_file(owner_connection, resources, scope, b"words", name="good.txt")
    async with resources.redis.pubsub() as hearing:
        await hearing.subscribe(NUDGES)
        claimed = await claim(resources.worker, "ingest_file")
        assert claimed is not None
        async with leased(resources.worker, claimed) as fence:
            await ingest_file(work, fence, claimed)
        await nudged(hearing, topic)
        assert await resources.redis.zcard(BELL_QUEUE) == 1
        await wake_told(resources.redis, scope.account_id)
        await nudged(hearing, topic)
        assert await resources.redis.zcard(BELL_QUEUE) == 2
