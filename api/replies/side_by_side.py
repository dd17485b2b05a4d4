"""Several models on one question: their replies are siblings in the tree, written at the same time, and judged by thumbs."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field

from api.conversations.messages import ReplyBody, run_of
from api.conversations.posting import start_run
from api.conversations.reading import find_message
from api.conversations.seen import find_writable
from api.deps import ApiDep, PathId, ScopeDep
from api.idempotency import Answered, IdempotencyKey, once, one_request
from api.wire import Answer, Body, Text
from core.changes import ring_change
from core.errors import Conflict
from sql.pool import Conn
from workers.queue import ring

router = APIRouter(prefix="/messages/{message_id}/side-by-side", tags=["Messages"])

MOST_MODELS = 4


def _different(models: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(models)) < len(models):
        raise ValueError("names a model twice")
    return models


class SideBySideBody(Body):
    """`reply` is as for a posted message; its own `model` is not looked at."""

    models: Annotated[
        tuple[Annotated[Text, Field(max_length=200)], ...],
        Field(min_length=1, max_length=MOST_MODELS),
        AfterValidator(_different),
    ]
    reply: ReplyBody = ReplyBody()


class ModelRunAnswer(Answer):
    id: UUID
    model: str
    state: str


class SideBySideAnswer(Answer):
    conversation_id: UUID
    message_id: UUID
    runs: Sequence[ModelRunAnswer]


@router.post(
    "",
    status_code=202,
    summary="Have a question answered by several models side by side",
    response_model=SideBySideAnswer,
)
async def answer_side_by_side(
    message_id: PathId,
    request: Request,
    body: SideBySideBody,
    scope: ScopeDep,
    api: ApiDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    asked = [
        run_of(body.reply.model_copy(update={"model": model}), api.resources.chat)
        for model in body.models
    ]

    async def begin(conn: Conn) -> Answered:
        prompt = await find_message(conn, scope, message_id)
        await find_writable(conn, scope, prompt.conversation_id)
        if prompt.role != "user" or prompt.deleted_at is not None:
            raise Conflict("Only a question that is there can be answered.")
        runs = [
            ModelRunAnswer(
                id=await start_run(conn, scope, prompt, run=run), model=run.model, state="running"
            )
            for run in asked
        ]
        answer = SideBySideAnswer(
            conversation_id=prompt.conversation_id, message_id=prompt.id, runs=runs
        )
        return Answered(202, answer.model_dump_json())

    same = await one_request(request, scope, idempotency_key)
    answered = await once(api.resources.app, same, work=begin)
    if answered.fresh:
        begun = SideBySideAnswer.model_validate_json(answered.body)
        await ring_change(api.resources.redis, begun.conversation_id)
        await ring(api.resources.redis, "reply")
    return answered.response()
