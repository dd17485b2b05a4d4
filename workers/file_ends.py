"""Who is told how the reading of a file has ended: its owner, in the bell, and webhooks. Written as it ends, woken after that."""

from uuid import UUID

from redis.asyncio import Redis

from core.events import nudge
from search.notices import notice_topic, tell_of_file
from sql.pool import Conn
from workers.queue import enqueue_file_calls, ring


async def tell_of_end(conn: Conn, workspace_id: UUID, *, file_id: UUID) -> None:
    """Tell the webhooks and the owner, in the transaction that ends the file."""
    await enqueue_file_calls(conn, workspace_id, file_id=file_id)
    await tell_of_file(conn, workspace_id, file_id=file_id)


async def wake_told(redis: Redis, owner_id: UUID) -> None:
    """Have what tell_of_end() has written seen at once, after the commit."""
    await nudge(redis, notice_topic(owner_id))
    await ring(redis, "call_file_webhook")
