"""Reactions to messages: one emoji of Unicode each, once for each person. Who may read a message may react to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path

from api.conversations.posting import note
from api.conversations.reading import find_message
from api.deps import ApiDep, PathId, ScopeDep
from api.wire import Answer, ListPage
from core.changes import ring_change
from core.emoji import plain_emoji
from core.errors import Conflict, InvalidInput
from core.scope import Scope
from sql import execute, fetch, read, write
from sql.pool import ReadConn

router = APIRouter(prefix="/messages/{message_id}/reactions", tags=["Messages"])

MOST_EMOJI: Final = 50  # different ones on one message
EmojiText = Annotated[str, Path(description="One emoji; variation selectors do not matter")]


class ReactionAnswer(Answer):
    """`names` are those of the first twenty who reacted so."""

    emoji: str
    count: int
    is_mine: bool
    names: list[str]


@dataclass(frozen=True, slots=True)
class Reaction:
    """Who reacted to a message with one emoji."""

    message_id: UUID
    emoji: str
    count: int
    is_mine: bool
    names: list[str]


Reactions = ListPage[ReactionAnswer]
_list_reactions = read("mark.sql", "list_reactions", Reaction)
_react = write("mark.sql", "react")
_take_back = write("mark.sql", "take_reaction_back")


@router.get("", summary="Reactions to a message")
async def list_reactions(message_id: PathId, scope: ScopeDep, api: ApiDep) -> Reactions:
    async with api.resources.app.read_tx(scope) as conn:
        await find_message(conn, scope, message_id)
        return await _page(conn, scope, message_id)


@router.put("/{emoji}", summary="React to a message")
async def react(message_id: PathId, emoji: EmojiText, scope: ScopeDep, api: ApiDep) -> Reactions:
    plain = _plain(emoji)
    named = {**scope.ids, "message_id": message_id, "emoji": plain}
    async with api.resources.app.write_tx(scope) as conn:
        message = await find_message(conn, scope, message_id)
        if message.deleted_at is not None:
            raise Conflict("The message was deleted.")
        talk = message.conversation_id
        await note(conn, scope, talk, kind="reaction.changed", subject_id=message_id)
        if not await execute(conn, _react, **named, most=MOST_EMOJI):
            raise Conflict(f"A message has at most {MOST_EMOJI} different emoji.")
        answer = await _page(conn, scope, message_id)
    await ring_change(api.resources.redis, talk)
    return answer


@router.delete("/{emoji}", status_code=204, summary="Take a reaction back")
async def take_back(message_id: PathId, emoji: EmojiText, scope: ScopeDep, api: ApiDep) -> None:
    plain = _plain(emoji)
    async with api.resources.app.write_tx(scope) as conn:
        talk = (await find_message(conn, scope, message_id)).conversation_id
        await note(conn, scope, talk, kind="reaction.changed", subject_id=message_id)
        await execute(conn, _take_back, **scope.ids, message_id=message_id, emoji=plain)
    await ring_change(api.resources.redis, talk)


async def reactions_of(
    conn: ReadConn, scope: Scope, message_ids: Sequence[UUID]
) -> dict[UUID, list[Reaction]]:
    """Return the reactions to each of these messages that the caller may read and that has some."""
    rows = await fetch(conn, _list_reactions, **scope.ids, message_ids=list(message_ids))
    found: dict[UUID, list[Reaction]] = {}
    for row in rows:
        found.setdefault(row.message_id, []).append(row)
    return found


async def _page(conn: ReadConn, scope: Scope, message_id: UUID) -> Reactions:
    found = await reactions_of(conn, scope, [message_id])
    return Reactions.model_validate({"items": found.get(message_id, []), "next_cursor": None})


def _plain(text: str) -> str:
    plain = plain_emoji(text)
    if plain is None:
        raise InvalidInput.of("emoji", "must be one emoji of Unicode")
    return plain
