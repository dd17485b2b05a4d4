"""Thumbs on replies, with a reason: kept for `recollect eval --replies`, by the same switches as feedback on search."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from api.deps import ApiDep, PathId, ScopeDep
from api.limits import FEEDBACK
from api.replies.run_answers import Thumb
from api.wire import Answer, Body, Text
from core.errors import Conflict, NotFound
from search.feedback import switches
from sql import execute, fetch_opt, read, write

router = APIRouter(prefix="/messages/{message_id}/feedback", tags=["Messages"])

MAX_REASON_CHARACTERS = 2000


class ReplyFeedbackBody(Body):
    """`none` takes back what was said."""

    thumb: Thumb
    reason: Annotated[Text, Field(max_length=MAX_REASON_CHARACTERS)] = ""


class ReplyFeedbackAnswer(Answer):
    """`recorded` is false where feedback is switched off (`GET /api/search/feedback`)."""

    message_id: UUID
    thumb: Thumb
    reason: str
    recorded: bool


@dataclass(frozen=True, slots=True)
class _Judged:
    conversation_id: UUID
    is_reply: bool


_find_reply = read("run.sql", "find_reply", _Judged)
_keep = write("run.sql", "keep_reply_feedback")
_take_back = write("run.sql", "take_back_reply_feedback")


@router.put("", summary="Say that a reply was good or bad, and why")
async def give_reply_feedback(
    message_id: PathId, body: ReplyFeedbackBody, scope: ScopeDep, api: ApiDep
) -> ReplyFeedbackAnswer:
    await api.limits.take(FEEDBACK, scope.account_id.hex)
    async with api.resources.app.write_tx(scope) as conn:
        judged = await fetch_opt(conn, _find_reply, **scope.ids, message_id=message_id)
        if judged is None:
            raise NotFound("No such message.")
        if not judged.is_reply:
            raise Conflict("Only what a model wrote takes feedback.")
        switched = await switches(conn, scope)
        recorded = switched.keeps_feedback and switched.gives_feedback
        if body.thumb == "none":
            recorded = True
            await execute(conn, _take_back, **scope.ids, message_id=message_id)
        elif recorded:
            await execute(
                conn,
                _keep,
                **scope.ids,
                message_id=message_id,
                conversation_id=judged.conversation_id,
                thumb=body.thumb,
                reason=body.reason.strip(),
            )
    return ReplyFeedbackAnswer(
        message_id=message_id, thumb=body.thumb, reason=body.reason.strip(), recorded=recorded
    )
