"""Write down whom a message names, and tell those who were not named by it before."""

from dataclasses import dataclass
from uuid import UUID

from api.conversations.reading import Message
from core.mentions import Person, handles, mentioned
from core.scope import Scope
from search.notices import Happening, tell
from sql import fetch, read, write
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_list_named = read("notice.sql", "list_named", Person)
_set_mentions = write("notice.sql", "set_mentions", _Id)


async def note_mentions(conn: Conn, scope: Scope, message: Message, *, before: str = "") -> None:
    """Note whom a new or edited message names among those who may read it; `before` is what it said."""
    named = handles(message.content)
    if not named and not handles(before):
        return
    place = message.conversation_id
    people = await fetch(conn, _list_named, **scope.ids, conversation_id=place, handles=named)
    fresh = await fetch(
        conn,
        _set_mentions,
        workspace_id=scope.workspace_id,
        message_id=message.id,
        account_ids=mentioned(named, people),
    )
    happening = Happening("mention", place, message.id, actor_id=scope.account_id)
    await tell(conn, scope.workspace_id, happening, account_ids=[who.id for who in fresh])
