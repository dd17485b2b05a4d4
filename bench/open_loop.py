"""Requests at a rate that does not wait for answers: when each is sent is fixed beforehand, its latency counts from then.

A client that asks again only when it was answered hides how long the others wait while the server is slow.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from bench.serving import Lines, cpu_ms_each, cpu_s
from tests.faults.product import Product

SEED = 4512
LEAD_S = 0.2  # until the first arrival


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of somebody: `who` names what the answers are grouped by."""

    path: str
    token: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Round:
    """What the requests of one kind took, in the order of their arrival."""

    took_ms: list[float]
    degraded: Counter[str]  # by what was late
    approximate: int
    failed: int  # neither 200 nor 503
    cpu_ms: dict[str, float]

    def row(self, what: str, reach: str) -> str:
        p50, p95, p99 = np.percentile(self.took_ms, [50, 95, 99])
        by_part = ", ".join(f"{part} {ms:.1f}" for part, ms in self.cpu_ms.items())
        late = ", ".join(f"{count} {part}" for part, count in self.degraded.most_common()) or "0"
        return (
            f"| {what} | {len(self.took_ms)} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {max(self.took_ms):.1f} | {reach} |"
            f" {late} | {self.failed} | {self.approximate} | {sum(self.cpu_ms.values()):.1f} ({by_part}) |"
        )

    @property
    def p95(self) -> float:
        return float(np.percentile(self.took_ms, 95))


HEAD = (
    "| requests | count | p50 ms | p95 ms | p99 ms | most | reach | degraded | failed | approximate | CPU ms each |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def arrivals(count: int, *, rate: float) -> Iterator[float]:
    """Return seconds from the start: independent people, so the gaps are exponential."""
    chance = random.Random(SEED)
    return accumulate(chance.expovariate(rate) for _ in range(count))


async def ask_all(product: Product, asks: Sequence[Ask], *, rate: float) -> Round:
    """Send each at its time over as many connections as that takes."""
    lines = Lines(product)
    before = cpu_s(product.home)
    start = time.perf_counter() + LEAD_S
    due = [start + at for at in arrivals(len(asks), rate=rate)]
    answered = await asyncio.gather(
        *(_ask(lines, ask, due=at) for ask, at in zip(asks, due, strict=True))
    )
    cpu_ms = cpu_ms_each(before, cpu_s(product.home), asks)
    lines.close()
    return Round(
        took_ms=[one.took_ms for one in answered],
        degraded=Counter(one.degraded for one in answered if one.degraded),
        approximate=sum(one.approximate for one in answered),
        failed=sum(one.failed for one in answered),
        cpu_ms=cpu_ms,
    )


@dataclass(frozen=True, slots=True)
class _Answered:
    took_ms: float
    degraded: str
    approximate: bool
    failed: bool


async def _ask(lines: Lines, ask: Ask, *, due: float) -> _Answered:
    await asyncio.sleep(due - time.perf_counter())
    async with lines.lent() as line:
        answer = await line.get(ask.path, token=ask.token, workspace=ask.workspace)
    took_ms = (time.perf_counter() - due) * 1000
    return _Answered(
        took_ms,
        degraded=answer.degraded(),
        approximate=b'"recall":"approximate"' in answer.body,
        failed=answer.status not in {200, 503},
    )
