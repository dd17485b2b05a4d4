"""Give messages their vectors: many messages of a workspace with one question to the model.

Their passages were written by the posting transaction, so they can be found by their words already.
"""

from collections.abc import Sequence
from uuid import UUID

from ingest.vectors import Asking, Pending
from search.index import (
    find_or_create_generation,
    list_unembedded,
    reuse_vectors,
    store_embeddings,
)
from sql.fence import Fence


async def embed_messages(asking: Asking, fence: Fence, *, message_ids: Sequence[UUID]) -> None:
    """Embed what these messages say now, and end their jobs. A text that the model refuses keeps its words only."""
    ws = fence.workspace_id
    async with fence.tx() as conn:
        generation_id = await find_or_create_generation(conn, ws, model=asking.model)
        found = await list_unembedded(
            conn, ws, message_ids=message_ids, generation_id=generation_id
        )
        reused = await reuse_vectors(
            conn, ws, generation_id=generation_id, passage_ids=[p.id for p in found]
        )
    embedded = await asking.embed(
        [Pending(p.id, n, p.text) for n, p in enumerate(found) if p.id not in reused]
    )
    async with fence.last_tx() as conn:
        await store_embeddings(
            conn,
            ws,
            generation_id=generation_id,
            passage_ids=[p.id for p in embedded.done],
            vectors=embedded.vectors,
        )
