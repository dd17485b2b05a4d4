"""Rows for search tests: conversations, messages and files, indexed and embedded as the product does it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from app.resources import Resources
from core.ids import new_id
from core.scope import Scope
from search.answer import SearchRequest
from search.embed import Embedder
from search.filters import Constraints
from search.index import (
    Build,
    MessageText,
    PassageText,
    index_message,
    index_passages,
    store_embeddings,
)
from search.query import parse
from search.rank import Ranking, rank
from search.searcher import Searcher
from search.statistics import refresh
from tests.make import make_scope


def make_searcher(resources: Resources, **changes) -> Searcher:
    """A searcher with generous deadlines, so that a busy machine does not degrade answers."""
    searcher = Searcher(
        search_pool=resources.search, read_pool=resources.app, embedder=resources.embedder, redis=resources.redis,
        cursor_key=b"k" * 32,
    )  # fmt: skip
    return replace(searcher.with_patience(resources.settings.patience), **changes)


async def ranked(searcher: Searcher, scope: Scope, q: str, **given) -> Ranking:
    """Rank without filters."""
    request = SearchRequest(q=q, **given)
    return await rank(searcher, scope, request, query=parse(q), within=Constraints())


async def make_item(owner: asyncpg.Connection, scope: Scope, kind: str, title: str) -> UUID:
    item_id = new_id()
    extension = title.rpartition(".")[2] if kind == "file" and "." in title else ""
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title, extension) VALUES ($1, $2, $3, $4, $5, $6)",
        scope.workspace_id, item_id, kind, scope.account_id, title, extension,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        scope.workspace_id, item_id, scope.account_id,
    )  # fmt: skip
    table = "conversation" if kind == "conversation" else "file"
    state = ", state" if kind == "file" else ""
    value = ", 'ready'" if kind == "file" else ""
    await owner.execute(
        f"INSERT INTO {table} (workspace_id, id{state}) VALUES ($1, $2{value})",
        scope.workspace_id,
        item_id,
    )
    return item_id


async def make_conversation(owner: asyncpg.Connection, scope: Scope, title: str = "talk") -> UUID:
    return await make_item(owner, scope, "conversation", title)


async def make_message(
    resources: Resources, owner: asyncpg.Connection, scope: Scope, *,
    conversation_id: UUID, content: str, at: datetime | None = None,
) -> UUID:  # fmt: skip
    """Post a message and index it, without a vector."""
    message_id, created_at = new_id(), at or datetime.now(UTC)
    await owner.execute(
        "INSERT INTO message (workspace_id, id, conversation_id, seq, role, author_id, content, created_at) "
        "SELECT $1, $2, $3, count(*) + 1, 'user', $4, $5, $6 FROM message WHERE conversation_id = $3",
        scope.workspace_id, message_id, conversation_id, scope.account_id, content, created_at,
    )  # fmt: skip
    text = MessageText(
        scope.workspace_id, conversation_id, message_id, scope.account_id, created_at, content
    )
    async with resources.app.write_tx(scope) as conn:
        await index_message(conn, text)
    return message_id


async def make_file(
    resources: Resources,
    owner: asyncpg.Connection,
    scope: Scope,
    *,
    name: str,
    passages: Sequence[str],
) -> UUID:
    """Make a ready file whose text is the passages, one a page."""
    file_id = await make_item(owner, scope, "file", name)
    build_id, version_id, ws = new_id(), new_id(), scope.workspace_id
    sha256 = build_id.bytes * 2
    await owner.execute(
        "INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, 1, 'k')",
        ws,
        sha256,
    )
    await owner.execute(
        "INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name) VALUES ($1, $2, $3, 1, $4, 1, $5)",
        ws, version_id, file_id, sha256, name,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version) VALUES ($1, $2, $3, $4, 1)",
        ws, build_id, file_id, version_id,
    )  # fmt: skip
    cut, at = list[PassageText](), 0
    for ordinal, text in enumerate(passages):
        await owner.execute(
            "INSERT INTO text_segment (workspace_id, build_id, ordinal, page, span_start, content) VALUES ($1, $2, $3, $4, $5, $6)",
            ws, build_id, ordinal, ordinal + 1, at, text + "\n",
        )  # fmt: skip
        cut.append(PassageText(ordinal, at, at + len(text), ordinal + 1, ordinal + 1, (), text))
        at += len(text) + 1
    async with resources.worker.tenant_tx(ws) as conn:
        await index_passages(conn, Build(ws, file_id, build_id), cut)
    await owner.execute("UPDATE item SET active_build_id = $1 WHERE id = $2", build_id, file_id)
    return file_id


async def embed_all(
    resources: Resources,
    owner: asyncpg.Connection,
    scope: Scope,
    *,
    embedder: Embedder | None = None,
) -> UUID:
    """Give every passage of the workspace its vector, and refresh the statistics; return the generation."""
    embedder = embedder or resources.embedder
    ws, generation_id = scope.workspace_id, new_id()
    await owner.execute("DELETE FROM generation WHERE workspace_id = $1", ws)
    await owner.execute("DELETE FROM embedding WHERE workspace_id = $1", ws)
    await owner.execute(
        "INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, $3, 'active')",
        ws,
        generation_id,
        embedder.model,
    )
    rows = await owner.fetch(
        "SELECT p.id, coalesce(substr(m.content, p.span_start + 1, p.span_end - p.span_start), t.content) AS text FROM passage p "
        "LEFT JOIN message m ON m.id = p.message_id "
        "LEFT JOIN text_segment t ON t.build_id = p.build_id AND t.ordinal = p.ordinal WHERE p.workspace_id = $1", ws,
    )  # fmt: skip
    vectors = await embedder.embed_documents([row["text"] for row in rows])
    async with resources.worker.tenant_tx(ws) as conn:
        await store_embeddings(
            conn,
            ws,
            generation_id=generation_id,
            passage_ids=[row["id"] for row in rows],
            vectors=vectors,
        )
        await refresh(conn, ws)
    return generation_id


async def make_crowd(owner: asyncpg.Connection, *, passages: int) -> tuple[Scope, UUID]:
    """Make many passages of one conversation by SQL: each holds two of 200 words and a random vector.

    The draw names the passage's id, else the planner may draw once and remember it for all rows.
    """
    scope = await make_scope(owner, "crowd")
    talk, generation_id, ws = await make_conversation(owner, scope), new_id(), scope.workspace_id
    await owner.execute(
        "INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, 'fake-bag-of-words', 'active')",
        ws,
        generation_id,
    )
    await owner.execute(
        "INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at, text_hash, lexeme_count, tsv) "
        "SELECT $1, gen_random_uuid(), $2, $2, gen_random_uuid(), 0, 0, 1, now(), decode(md5(n::text), 'hex'), 2, "
        "('w' || n % 100 || ' v' || n % 89)::tsvector FROM generate_series(1, $3) n", ws, talk, passages,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO embedding (workspace_id, passage_id, generation_id, vector) "
        "SELECT $1, p.id, $2, l2_normalize(drawn.v::vector)::halfvec FROM passage p CROSS JOIN LATERAL "
        "(SELECT array_agg(random() - 0.5) AS v FROM generate_series(1, 384 + 0 * hashtext(p.id::text))) AS drawn "
        "WHERE p.workspace_id = $1", ws, generation_id,
    )  # fmt: skip
    await owner.execute("ANALYZE passage, embedding, item, access_grant")
    return scope, generation_id
