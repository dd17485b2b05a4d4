"""Tags of a file or conversation: short words that whoever may write it puts on it, and that `tag:` looks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.deps import ApiDep, PathId, ScopeDep
from api.wire import Answer, Body, Text
from core.errors import Forbidden, NotFound
from core.scope import Scope
from search.index import index_seq_raised
from search.operators import tag_of
from sql import execute, fetch_opt, read, write
from sql.pool import Conn, ReadConn

router = APIRouter(tags=["Tags"])

MAX_TAGS = 30
MAX_CHARACTERS = 50
Tag = Annotated[Text, Field(min_length=1, max_length=MAX_CHARACTERS)]


class TagsBody(Body):
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS, examples=[["pension", "2026"]])]


class TagsAnswer(Answer):
    """In lower case and in order; the case of a tag does not matter."""

    tags: list[str]


@dataclass(frozen=True, slots=True)
class _Tagged:
    tags: list[str]
    can_write: bool


_find_tags = read("tag.sql", "find_tags", _Tagged)
_set_tags = write("tag.sql", "set_tags")


@router.get("/files/{file_id}/tags", summary="The tags of a file")
async def get_file_tags(file_id: PathId, scope: ScopeDep, api: ApiDep) -> TagsAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        return TagsAnswer.model_validate(await _find(conn, scope, "file", item_id=file_id))


@router.put("/files/{file_id}/tags", summary="Put these tags on a file, and no others")
async def set_file_tags(
    file_id: PathId, body: TagsBody, scope: ScopeDep, api: ApiDep
) -> TagsAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        return await _set(conn, scope, "file", item_id=file_id, tags=body.tags)


@router.get("/conversations/{conversation_id}/tags", summary="The tags of a conversation")
async def get_conversation_tags(
    conversation_id: PathId, scope: ScopeDep, api: ApiDep
) -> TagsAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        found = await _find(conn, scope, "conversation", item_id=conversation_id)
    return TagsAnswer.model_validate(found)


@router.put(
    "/conversations/{conversation_id}/tags", summary="Put these tags on a conversation, no others"
)
async def set_conversation_tags(
    conversation_id: PathId, body: TagsBody, scope: ScopeDep, api: ApiDep
) -> TagsAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        return await _set(conn, scope, "conversation", item_id=conversation_id, tags=body.tags)


async def _find(conn: ReadConn, scope: Scope, kind: str, *, item_id: UUID) -> _Tagged:
    found = await fetch_opt(conn, _find_tags, **scope.ids, kind=kind, item_id=item_id)
    if found is None:
        raise NotFound(f"No such {kind}.")
    return found


async def _set(
    conn: Conn, scope: Scope, kind: str, *, item_id: UUID, tags: Iterable[str]
) -> TagsAnswer:
    found = await _find(conn, scope, kind, item_id=item_id)
    if not found.can_write:
        raise Forbidden(f"You may read this {kind}, not change it.")
    wanted = sorted({tag for text in tags if (tag := tag_of(text))})
    if wanted != found.tags:
        await execute(conn, _set_tags, **scope.ids, item_id=item_id, tags=wanted)
        await index_seq_raised(conn, scope.workspace_id, shown=item_id)
    return TagsAnswer(tags=wanted)
