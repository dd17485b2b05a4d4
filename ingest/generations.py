"""Make the vectors of a generation: every passage that lacks one, in the order of writing, a batch at a time.

Safe to end anywhere: what has a vector is passed over, so the next turn goes on where this one stopped. A turn is bounded,
so that one workspace's million passages do not keep another's hundred waiting. Whatever is written meanwhile lies behind
the place that the scan has reached, or is found by the turn that its own job asks for.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from ingest.vectors import BATCH, Asking, Pending, reuse_vectors
from search.generations import Standing, standing
from search.index import add_vectors
from search.self_check import Sample, draw_sample, self_recall
from search.statistics import measure_generation
from sql import execute, fetch, read, write
from sql.fence import Fence

WINDOW: Final = 1_000  # passages looked at in one statement, about 10 ms
TURN_S: Final = 300.0
_OPEN: Final = ("building", "ready", "active")

Outcome = Literal["complete", "more", "stopped"]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A passage in the scan; text is None where it has a vector."""

    id: UUID
    text: str | None


LIST_WINDOW = read("generation.sql", "list_window", _Seen)
NOTE_EMBEDDED = write("generation.sql", "note_embedded")
NOTE_SCANNED = write("generation.sql", "note_scanned")
NOTE_SELF_RECALL = write("generation.sql", "note_self_recall")


async def fill(
    asking: Asking, fence: Fence, *, generation_id: UUID, turn_s: float = TURN_S
) -> Outcome:
    """Give passages their vectors; "stopped" when the generation was paused, dropped or is gone meanwhile."""
    async with fence.tx() as conn:
        begun = await standing(conn, fence.workspace_id, generation_id)
    if begun is None or begun.state not in _OPEN:
        return "stopped"
    filling = _Filling(asking.of(begun.model), fence, generation_id, begun)
    outcome = await filling.run(until=time.monotonic() + turn_s)
    if outcome == "complete":
        await filling.note_scanned()
    return outcome


@dataclass(slots=True)
class _Filling:
    asking: Asking
    fence: Fence
    generation_id: UUID
    begun: Standing
    reached: UUID = field(default_factory=lambda: UUID(int=0))
    refused: set[UUID] = field(default_factory=set[UUID])

    async def run(self, *, until: float) -> Outcome:
        self.reached = self.begun.scan_from
        while window := await self._window():
            missing = [Pending(s.id, n, s.text) for n, s in enumerate(window) if s.text is not None]
            for start in range(0, len(missing), BATCH):
                if time.monotonic() > until:
                    return "more"
                if not await self._embed(missing[start : start + BATCH]):
                    return "stopped"
            self.reached = window[-1].id
        return "complete"

    async def note_scanned(self) -> None:
        """Keep from when on the next turn has to look, and count anew after a scan of everything."""
        async with self.fence.tx() as conn:
            await execute(
                conn,
                NOTE_SCANNED,
                workspace_id=self.fence.workspace_id,
                id=self.generation_id,
                scanned_at=self.begun.now,
                is_whole=self.begun.scanned_at is None,
            )

    async def _window(self) -> list[_Seen]:
        async with self.fence.tx() as conn:
            return await fetch(
                conn,
                LIST_WINDOW,
                workspace_id=self.fence.workspace_id,
                generation_id=self.generation_id,
                after=self.reached,
                window=WINDOW,
            )

    async def _embed(self, batch: Sequence[Pending]) -> bool:
        """Store a batch; False when nobody wants it any more."""
        ws, generation_id = self.fence.workspace_id, self.generation_id
        async with self.fence.tx() as conn:
            now = await standing(conn, ws, generation_id)
            if now is None or now.state not in _OPEN:
                return False
            ids = [pending.id for pending in batch]
            reused = await reuse_vectors(conn, ws, generation_id=generation_id, passage_ids=ids)
        embedded = await self.asking.embed([p for p in batch if p.id not in reused])
        async with self.fence.tx() as conn:
            await add_vectors(
                conn,
                ws,
                generation_id=generation_id,
                passage_ids=[p.id for p in embedded.done],
                vectors=embedded.vectors,
            )
            await execute(
                conn,
                NOTE_EMBEDDED,
                workspace_id=ws,
                id=generation_id,
                embedded=len(reused) + len(embedded.done),
                refused=len(embedded.refused) if self.begun.scanned_at is None else 0,
            )
        return True


async def measure(asking: Asking, fence: Fence, *, generation_id: UUID) -> float | None:
    """Measure how a generation's vectors spread and whether it finds its own texts; return that share, None if unknown."""
    ws = fence.workspace_id
    async with fence.tx() as conn:
        await measure_generation(conn, ws, generation_id)
        found = await standing(conn, ws, generation_id)
        sample = await draw_sample(conn, ws, generation_id=generation_id)
    assert found is not None  # generations are only deleted by the worker, after a turn has stopped
    share = await _asked(asking.of(found.model), sample)
    async with fence.tx() as conn:
        await execute(conn, NOTE_SELF_RECALL, workspace_id=ws, id=generation_id, self_recall=share)
    return share


async def _asked(asking: Asking, sample: Sample) -> float | None:
    queries = [await asking.embed_query(question) for question in sample.questions]
    return self_recall(sample, queries)
