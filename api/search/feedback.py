"""Clicks and thumbs on hits, for `recollect eval` on the workspace's own questions. The work is in search/feedback.py.

Whoever does not want that switches it off for themselves, an admin for the workspace; both remove what is kept.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, model_validator

from api.deps import ApiDep, ScopeDep
from api.limits import FEEDBACK
from api.wire import Answer, Body, Text
from app.accounts import record
from search import feedback
from search.feedback import KEPT_DAYS, Feedback, Switches, Verdict
from search.query import MAX_CHARACTERS

router = APIRouter(prefix="/search/feedback", tags=["Search"])


class FeedbackBody(Body):
    """One of the ids names what was found: a hit's `id`, or its message or file. `none` takes back what was said of it."""

    query: Annotated[Text, Field(max_length=MAX_CHARACTERS, pattern=r"\S", examples=["pension"])]
    kind: Verdict
    passage_id: UUID | None = None
    message_id: UUID | None = None
    file_id: UUID | None = None
    rank: Annotated[
        int | None, Field(ge=1, le=1000, description="Where it stood in the list, from 1")
    ] = None

    @model_validator(mode="after")
    def _names_one(self) -> "FeedbackBody":
        if [self.passage_id, self.message_id, self.file_id].count(None) != 2:
            raise ValueError("exactly one of passage_id, message_id and file_id must be given")
        return self


class RecordedAnswer(Answer):
    """`recorded` is false where feedback is switched off, by the person or for the workspace."""

    recorded: bool


class SwitchesBody(Body):
    """`workspace` needs its role admin; what is left out stays as it is."""

    workspace: bool | None = None
    mine: bool | None = None


class SwitchesAnswer(Answer):
    """Whether the workspace keeps feedback, whether mine is kept, how many judgements of mine are, and for how long."""

    workspace: bool
    mine: bool
    kept: int
    kept_days: int


@router.post("", status_code=202, summary="Say that a hit was opened, or was good or bad")
async def give_feedback(body: FeedbackBody, scope: ScopeDep, api: ApiDep) -> RecordedAnswer:
    await api.limits.take(FEEDBACK, scope.account_id.hex)
    given = Feedback(**body.model_dump())
    async with api.resources.app.write_tx(scope) as conn:
        return RecordedAnswer(recorded=await feedback.record(conn, scope, given))


@router.get("", summary="Whether feedback is kept, and how much of mine")
async def get_switches(scope: ScopeDep, api: ApiDep) -> SwitchesAnswer:
    async with api.resources.app.read_tx(scope) as conn:
        return _answer(await feedback.switches(conn, scope))


@router.patch("", summary="Switch the keeping of feedback on or off, for me or for the workspace")
async def set_switches(body: SwitchesBody, scope: ScopeDep, api: ApiDep) -> SwitchesAnswer:
    async with api.resources.app.write_tx(scope) as conn:
        if body.workspace is not None:
            await feedback.switch_workspace(conn, scope, on=body.workspace)
            await record(
                conn, scope.workspace_id, account_id=scope.account_id,
                action=f"feedback.{'on' if body.workspace else 'off'}", object_id=scope.workspace_id,
            )  # fmt: skip
        if body.mine is not None:
            await feedback.switch_own(conn, scope, on=body.mine)
        return _answer(await feedback.switches(conn, scope))


@router.delete("", status_code=204, summary="Forget all feedback of mine in this workspace")
async def forget_feedback(scope: ScopeDep, api: ApiDep) -> None:
    async with api.resources.app.write_tx(scope) as conn:
        await feedback.forget(conn, scope)


def _answer(found: Switches) -> SwitchesAnswer:
    return SwitchesAnswer(
        workspace=found.keeps_feedback,
        mine=found.gives_feedback,
        kept=found.kept,
        kept_days=KEPT_DAYS,
    )
