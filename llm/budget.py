"""Token and money budgets of a day (UTC), for each person and each workspace, held to before a provider is asked.

What a call may take at most is set aside in the run's row under a lock of the workspace, so that calls at the same time cannot
pass a budget together; the run's end writes what it took instead.
"""

from dataclasses import dataclass
from uuid import UUID

from sql import Nothing, execute, fetch_one, read, write
from sql.fence import Fence
from sql.pool import Conn

MICROS = 1_000_000  # of a US dollar


@dataclass(frozen=True, slots=True)
class Budgets:
    """None is no limit."""

    person_tokens: int | None = None
    workspace_tokens: int | None = None
    person_micros: int | None = None
    workspace_micros: int | None = None

    @property
    def limits_something(self) -> bool:
        return self != Budgets()


@dataclass(frozen=True, slots=True)
class Call:
    """What one reply may take at most."""

    tokens: int
    micros: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Of today, with what is set aside for replies under way."""

    person_tokens: int
    workspace_tokens: int
    person_micros: int
    workspace_micros: int


LOCK_BUDGETS = read("run.sql", "lock_budgets", Nothing)
SPENT_TODAY = read("run.sql", "spent_today", Spent)
HOLD_BUDGET = write("run.sql", "hold_budget")


async def hold(
    fence: Fence, run_id: UUID, *, account_id: UUID, call: Call, budgets: Budgets
) -> str | None:
    """Set aside what a reply may take, or return why it may not be written."""
    async with fence.tx() as conn:
        refusal = await refusal_today(
            conn,
            fence.workspace_id,
            account_id=account_id,
            call=call,
            budgets=budgets,
            except_id=run_id,
        )
        if refusal is None:
            held = {"held_tokens": call.tokens, "held_micros": call.micros}
            run = {"workspace_id": fence.workspace_id, "run_id": run_id}
            await execute(conn, HOLD_BUDGET, **run, **held)
    return refusal


async def refusal_today(  # noqa: PLR0913  (who asks, for what, of how much)
    conn: Conn,
    workspace_id: UUID,
    *,
    account_id: UUID,
    call: Call,
    budgets: Budgets,
    except_id: UUID,
) -> str | None:
    """Return why a call may not be made; else what it takes may be set aside until this transaction ends.

    What was set aside for `except_id`, the run or the conversation to name, is not counted: it is tried again.
    """
    named = {"workspace_id": workspace_id}
    await fetch_one(conn, LOCK_BUDGETS, **named)
    spent = await fetch_one(conn, SPENT_TODAY, **named, account_id=account_id, except_id=except_id)
    return refused(call, spent, budgets)


def refused(call: Call, spent: Spent, budgets: Budgets) -> str | None:
    """Return which budget a call would pass, in words for the person who asked."""
    checks = (
        ("Your tokens", spent.person_tokens + call.tokens, budgets.person_tokens),
        ("The workspace's tokens", spent.workspace_tokens + call.tokens, budgets.workspace_tokens),
        ("Your money", spent.person_micros + call.micros, budgets.person_micros),
        ("The workspace's money", spent.workspace_micros + call.micros, budgets.workspace_micros),
    )
    for name, needed, limit in checks:
        if limit is not None and needed > limit:
            return f"{name} for replies would not last for this one today; the day begins at midnight UTC."
    return None
