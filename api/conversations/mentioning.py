"""Write down whom a message names, and tell those who were not named by it before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from redis.asyncio import Redis

from api.conversations.reading import Message
from core.events import nudge
from core.mentions import Person, handles, mentioned
from core.scope import Scope
from search.notices import Happening, notice_topic, tell
from sql import fetch, read, write
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_list_named = read("notice.sql", "list_named", Person)
_set_mentions = write("notice.sql", "set_mentions", _Id)


async def note_mentions(conn: Conn, scope: Scope, message: Message, *, before: str = "") -> Message:
    """Note whom a new or edited message names among those who may read it; `before` is what it said.

    Return it with their ids, for `ring_mentions()` after the commit.
    """
    named = handles(message.content)
    if not named and not handles(before):
        return message
    place = message.conversation_id
    people = await fetch(conn, _list_named, **scope.ids, conversation_id=place, handles=named)
    mentions = mentioned(named, people)
    fresh = await fetch(
        conn,
        _set_mentions,
        workspace_id=scope.workspace_id,
        message_id=message.id,
        account_ids=mentions,
    )
    happening = Happening("mention", place, message.id, actor_id=scope.account_id)
    await tell(conn, scope.workspace_id, happening, account_ids=[who.id for who in fresh])
    return replace(message, mentions=sorted(mentions))


async def ring_mentions(redis: Redis, account_ids: Sequence[UUID]) -> None:
    """Have those who were named look for their notices now."""
    for account_id in account_ids:
        await nudge(redis, notice_topic(account_id))
