"""`recollect eval --replies`: what people here say of each model's replies, and of two models on the same question.

Counts thumbs (PUT /api/messages/{id}/feedback); prints numbers, no question, answer or reason.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal
from uuid import UUID

import orjson

from app.cli_identity import find_scope
from app.cli_output import out, say
from app.embedded import with_running_services
from app.resources import open_resources
from app.settings import Settings
from core.errors import StartFailed
from sql import fetch, read

FEW = 20  # thumbs; below, chance decides


@dataclass(frozen=True, slots=True)
class Judged:
    """A thumb of one person on one reply."""

    account_id: UUID
    prompt_message_id: UUID
    model: str
    thumb: Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Thumbs of one model, and on how many questions it was liked while another was not, or the reverse."""

    model: str
    up: int
    down: int
    better: int
    worse: int


LIST_REPLY_JUDGEMENTS = read("run.sql", "list_reply_judgements", Judged)


def show_replies(email: str | None, workspace: str | None, *, as_json: bool) -> None:
    """Print the thumbs on each model's replies, and models compared on the same questions."""
    standings = asyncio.run(_standings(email, workspace))
    if as_json:
        print(orjson.dumps(standings, option=orjson.OPT_INDENT_2).decode())
        return
    for line in table(standings):
        out().print(line, markup=False)
    if sum(each.up + each.down for each in standings) < FEW:
        say(f"Fewer than {FEW} thumbs: the order of models is mostly chance.")


async def _standings(email: str | None, workspace: str | None) -> list[Standing]:
    running = with_running_services(Settings())
    if running.database_url is None:
        raise StartFailed(
            f"Nothing runs for {running.recollect_home}: start it with `make run`; evaluation reads its database"
        )
    async with open_resources(running, purpose="cli") as resources:
        scope = await find_scope(resources, email=email, workspace=workspace)
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            judged = await fetch(conn, LIST_REPLY_JUDGEMENTS, workspace_id=scope.workspace_id)
    return standings_of(judged)


def standings_of(judged: Sequence[Judged]) -> list[Standing]:
    """Return one row for each model, the best liked first."""
    thumbs = Counter((each.model, each.thumb) for each in judged)
    asked: dict[tuple[UUID, UUID], list[Judged]] = {}
    for each in judged:
        asked.setdefault((each.account_id, each.prompt_message_id), []).append(each)
    wins = Counter(
        (one.model, other.model)
        for replies in asked.values()
        for one, other in permutations(replies, 2)
        if (one.thumb, other.thumb) == ("up", "down") and one.model != other.model
    )
    rows = [
        Standing(
            model,
            thumbs[model, "up"],
            thumbs[model, "down"],
            sum(count for (better, _), count in wins.items() if better == model),
            sum(count for (_, worse), count in wins.items() if worse == model),
        )
        for model in {each.model for each in judged}
    ]
    return sorted(rows, key=lambda row: (-row.up / (row.up + row.down), -row.up, row.model))


def table(standings: Sequence[Standing]) -> list[str]:
    """Return the rows as text."""
    width = max([len("model"), *(len(each.model) for each in standings)])
    head = f"{'model':<{width}}    up  down  share  better  worse"
    return [head] + [
        f"{each.model:<{width}}  {each.up:>4}  {each.down:>4}  {each.up / (each.up + each.down):>5.2f}  "
        f"{each.better:>6}  {each.worse:>5}"
        for each in standings
    ]
