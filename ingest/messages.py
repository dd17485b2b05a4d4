"""Give messages their vectors: many messages of a workspace with one question to the model.

Their passages were written by the posting transaction, so they can be found by their words already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ingest.vectors import Asking, Pending, reuse_vectors
from search.generations import live_generation
from search.index import store_embeddings
from sql import fetch, read
from sql.fence import Fence


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A passage that waits for its vector."""

    id: UUID
    text: str


LIST_UNEMBEDDED = read("ingest.sql", "list_message_passages", Unembedded)


async def embed_messages(asking: Asking, fence: Fence, *, message_ids: Sequence[UUID]) -> None:
    """Embed what these messages say now, and end their jobs. A text that the model refuses keeps its words only."""
    ws = fence.workspace_id
    async with fence.tx() as conn:
        live = await live_generation(conn, ws, model=asking.model, dimension=asking.dimension)
        found = await fetch(
            conn,
            LIST_UNEMBEDDED,
            workspace_id=ws,
            message_ids=list(message_ids),
            generation_id=live.id,
        )
        reused = await reuse_vectors(
            conn, ws, generation_id=live.id, passage_ids=[p.id for p in found]
        )
    embedded = await asking.of(live.model).embed(
        [Pending(p.id, n, p.text) for n, p in enumerate(found) if p.id not in reused]
    )
    # Until the commit nobody else changes what can be found in the workspace, and a busy chat would wait for the disk twice.
    async with fence.last_tx(waits_for_disk=False) as conn:
        await store_embeddings(
            conn,
            ws,
            generation_id=live.id,
            passage_ids=[p.id for p in embedded.done],
            vectors=embedded.vectors,
        )
