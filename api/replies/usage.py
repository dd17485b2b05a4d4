"""GET /usage: what replies and titles took by day, model and person, mine or the workspace's, and what of each budget is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import ApiDep, ScopeDep
from api.wire import Answer
from app.chat_models import budgets_of
from llm.budget import SPENT_TODAY
from sql import fetch, fetch_one, read

router = APIRouter(prefix="/usage", tags=["Models"])


class PersonAnswer(Answer):
    id: UUID
    name: str


class DayAnswer(Answer):
    """A day (UTC) of one model; with `by=person` of one person too. Titles take tokens and are no replies."""

    day: date
    model: str
    person: PersonAnswer | None
    replies: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


class BudgetAnswer(Answer):
    """Of today (UTC). `used` counts what is set aside for replies under way; without a limit there is none."""

    of: Literal["person", "workspace"]
    unit: Literal["tokens", "usd"]
    limit: float | None
    used: float


class UsagePage(Answer):
    items: Sequence[DayAnswer]
    budgets: Sequence[BudgetAnswer]


@dataclass(frozen=True, slots=True)
class _Day:
    day: datetime
    model: str
    account_id: UUID | None
    name: str
    replies: int
    input_tokens: int
    output_tokens: int
    cost_micros: int


_list_usage = read("run.sql", "list_usage", _Day)


@router.get("", summary="Tokens and money of replies by day")
async def get_usage(
    scope: ScopeDep,
    api: ApiDep,
    of: Annotated[
        Literal["person", "workspace"], Query(description="`workspace` needs its role admin")
    ] = "person",
    by: Annotated[
        Literal["model", "person"], Query(description="`person`: a line for each person and model")
    ] = "model",
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> UsagePage:
    if of == "workspace":
        scope.require("admin")
    async with api.resources.app.read_tx(scope) as conn:
        which = {"of_all": of == "workspace", "by_person": by == "person", "days": days}
        rows = await fetch(conn, _list_usage, **scope.ids, **which)
        spent = await fetch_one(conn, SPENT_TODAY, **scope.ids, except_id=None)
    items = [
        DayAnswer(
            day=row.day.date(),
            model=row.model,
            person=PersonAnswer(id=row.account_id, name=row.name) if row.account_id else None,
            replies=row.replies,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost_usd=row.cost_micros / 1e6,
        )
        for row in rows
    ]
    limits = budgets_of(api.resources.settings)
    told = [
        BudgetAnswer(of="person", unit="tokens", limit=limits.person_tokens, used=spent.person_tokens),
        BudgetAnswer(of="person", unit="usd", limit=_usd(limits.person_micros), used=spent.person_micros / 1e6),
    ]  # fmt: skip
    if of == "workspace":
        told += [
            BudgetAnswer(of="workspace", unit="tokens", limit=limits.workspace_tokens, used=spent.workspace_tokens),
            BudgetAnswer(of="workspace", unit="usd", limit=_usd(limits.workspace_micros), used=spent.workspace_micros / 1e6),
        ]  # fmt: skip
    return UsagePage(items=items, budgets=told)


def _usd(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6
