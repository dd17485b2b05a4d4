"""How a run ends whose worker was lost: what it has shown stays, and what it took is estimated, for nobody was told."""

from dataclasses import dataclass
from typing import Final, TypedDict
from uuid import UUID

import orjson

from core.events import Event
from llm.catalogue import EXTRACTIVE, Price
from llm.chat import Usage
from llm.packing import tokens_in
from llm.run_log import EmbedLater, Ending, end_run
from sql import fetch_one, read
from sql.pool import Conn


@dataclass(frozen=True, slots=True)
class _Lost:
    model: str
    trace: str
    text: str


class _Price(TypedDict):
    input_usd: float
    output_usd: float


class _Kept(TypedDict, total=False):
    """Of llm.trace.Trace."""

    given_tokens: int
    price: _Price | None


FIND_LOST: Final = read("run.sql", "find_lost", _Lost)


async def interrupt_run(
    conn: Conn, workspace_id: UUID, *, run_id: UUID, reason: str, embed_later: EmbedLater
) -> Event | None:
    """End a run whose job nobody will do any more; what was shown stays. Return the event to announce after COMMIT."""
    ending = await lost_ending(conn, workspace_id, run_id=run_id, reason=reason)
    return await end_run(conn, workspace_id, run_id=run_id, ending=ending, embed_later=embed_later)


async def lost_ending(conn: Conn, workspace_id: UUID, *, run_id: UUID, reason: str) -> Ending:
    """Return the end of a run that nobody goes on with."""
    lost = await fetch_one(conn, FIND_LOST, workspace_id=workspace_id, run_id=run_id)
    usage, micros = None, 0
    if lost.trace and lost.model != EXTRACTIVE:
        kept: _Kept = orjson.loads(lost.trace)
        usage = Usage(kept.get("given_tokens", 0), tokens_in(lost.text))
        if price := kept.get("price"):
            micros = Price(**price).micros(usage.input_tokens, usage.output_tokens)
    return Ending(
        "interrupted",
        usage,
        error_code="worker_lost",
        error=reason,
        retryable=True,
        cost_micros=micros,
    )
