"""What can change in a conversation, and the nudge that says so: "conversation X has seq N".

A change is a row (sql/changes.py), written in the transaction of the mutation. The nudge goes out after the commit and may
be lost: whoever watches reads the rows after the last seq he has, now or at his next look.
"""

from typing import Final, Literal, get_args
from uuid import UUID

from redis.asyncio import Redis

from core.events import change_topic, nudge

ChangeKind = Literal[
    "message.created",
    "message.edited",
    "message.deleted",
    "conversation.updated",
    "conversation.deleted",
    "conversation.restored",
    "member.changed",
    "read.changed",
    "reaction.changed",
    "pin.changed",
    "leaf.changed",  # told to its person alone, as is the next
    "own.changed",
    "run.started",
    "run.ended",
]
CHANGE_KINDS: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)


async def ring_change(redis: Redis, conversation_id: UUID, seq: int = 0) -> None:
    """Tell every process that the conversation has got to `seq` (0: somewhere further); call it after the commit."""
    await nudge(redis, change_topic(conversation_id), seq=seq)
