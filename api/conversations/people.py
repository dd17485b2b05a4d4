"""Everybody who may read a conversation, by name: let in themselves or as members of the workspace.

Who was let in as what is told by members.py; this gives names to the ids that events tell (who is there, writes, has read).
"""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter

from api.conversations.seen import find_conversation
from api.deps import ApiDep, PathId, ScopeDep
from api.wire import Answer, ListPage
from sql import fetch, read

router = APIRouter(prefix="/conversations/{conversation_id}/people", tags=["Members"])

MOST = 1000  # in a larger workspace, those who have been there last


class PersonAnswer(Answer):
    """`read_seq` says up to which message the person has read; None where nothing was marked."""

    account_id: UUID
    name: str
    read_seq: int | None


@dataclass(frozen=True, slots=True)
class _Person:
    account_id: UUID
    name: str
    read_seq: int | None


_list_people = read("members.sql", "list_people", _Person)


@router.get("", summary="Everybody who may read a conversation, who has been there last first")
async def list_people(
    conversation_id: PathId, scope: ScopeDep, api: ApiDep
) -> ListPage[PersonAnswer]:
    async with api.resources.app.read_tx(scope) as conn:
        await find_conversation(conn, scope, conversation_id)
        named = {**scope.ids, "conversation_id": conversation_id}
        found = await fetch(conn, _list_people, **named, most=MOST)
    return ListPage[PersonAnswer].model_validate({"items": found, "next_cursor": None})
