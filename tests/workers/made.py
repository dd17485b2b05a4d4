"""Files, messages and their jobs for tests, made as the API makes them; worker processes; the index as a value to compare."""

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.resources import Resources
from app.settings import CHECKOUT, Settings
from core.blobs import new_key
from core.ids import new_id
from core.scope import Scope
from ingest.pipeline import Order, Tools, ingest_file
from search.index import MessageText, index_message
from workers.ledger import claim, leased
from workers.queue import enqueue_embed_message, enqueue_ingest


@dataclass(frozen=True)
class MadeFile:
    scope: Scope
    file_id: UUID
    version_id: UUID
    job_id: UUID
    key: str


async def make_file(
    owner: asyncpg.Connection,
    resources: Resources,
    scope: Scope,
    data: bytes,
    *,
    name: str = "notes.txt",
) -> MadeFile:
    """Upload `data` as a new file, its job queued."""
    file_id, version_id, key = new_id(), new_id(), new_key(scope.workspace_id)
    await resources.blobs.put(key, one(data), limit_bytes=10**9)
    ws, sha256 = scope.workspace_id, hashlib.sha256(data).digest()
    await owner.execute(
        "INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        ws, sha256, len(data), key,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'file', $3, $4)",
        ws, file_id, scope.account_id, name,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        ws, file_id, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO file (workspace_id, id, state) VALUES ($1, $2, 'queued')", ws, file_id
    )
    await owner.execute(
        "INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6)",
        ws, version_id, file_id, sha256, len(data), name,
    )  # fmt: skip
    async with resources.app.write_tx(scope) as conn:
        job_id = await enqueue_ingest(
            conn, scope, version_id=version_id, sha256=sha256, size_bytes=len(data)
        )
    return MadeFile(scope, file_id, version_id, job_id, key)


async def make_version(
    owner: asyncpg.Connection,
    resources: Resources,
    made: MadeFile,
    data: bytes,
    *,
    name: str = "notes.txt",
) -> MadeFile:
    """Upload `data` as the file's next version, its job queued."""
    version_id, key, ws = new_id(), new_key(made.scope.workspace_id), made.scope.workspace_id
    await resources.blobs.put(key, one(data), limit_bytes=10**9)
    sha256 = hashlib.sha256(data).digest()
    await owner.execute(
        "INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        ws, sha256, len(data), key,
    )  # fmt: skip
    await owner.execute(
        "WITH raised AS (UPDATE file SET version = version + 1, state = 'queued' WHERE id = $3 RETURNING version)"
        " INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name)"
        " SELECT $1, $2, $3, version, $4, $5, $6 FROM raised",
        ws, version_id, made.file_id, sha256, len(data), name,
    )  # fmt: skip
    async with resources.app.write_tx(made.scope) as conn:
        job_id = await enqueue_ingest(
            conn, made.scope, version_id=version_id, sha256=sha256, size_bytes=len(data)
        )
    return MadeFile(made.scope, made.file_id, version_id, job_id, key)


async def make_message(
    owner: asyncpg.Connection,
    resources: Resources,
    scope: Scope,
    content: str,
    *,
    conversation_id: UUID,
) -> UUID:
    """Post a message, its passages written and its job queued."""
    ws, message_id = scope.workspace_id, new_id()
    created_at: datetime = await owner.fetchval(
        "WITH c AS (UPDATE conversation SET last_seq = last_seq + 1 WHERE workspace_id = $1 AND id = $2 RETURNING last_seq)"
        " INSERT INTO message (workspace_id, id, conversation_id, seq, role, author_id, content)"
        " SELECT $1, $3, $2, last_seq, 'user', $4, $5 FROM c RETURNING created_at",
        ws, conversation_id, message_id, scope.account_id, content,
    )  # fmt: skip
    async with resources.app.write_tx(scope) as conn:
        text = MessageText(ws, conversation_id, message_id, scope.account_id, created_at, content)
        await index_message(conn, text)
        await enqueue_embed_message(conn, scope, message_id=message_id, revision=1)
    return message_id


async def make_conversation(owner: asyncpg.Connection, scope: Scope) -> UUID:
    ws, id_ = scope.workspace_id, new_id()
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'conversation', $3, '')",
        ws, id_, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        ws, id_, scope.account_id,
    )  # fmt: skip
    await owner.execute("INSERT INTO conversation (workspace_id, id) VALUES ($1, $2)", ws, id_)
    return id_


async def make_webhook(owner: asyncpg.Connection, scope: Scope, url: str) -> None:
    """Have an address told how the reading of every file of the scope's person ended."""
    kinds = ["file.ready", "file.partial", "file.no_text", "file.failed"]
    await owner.execute(
        "INSERT INTO webhook (workspace_id, id, account_id, url, kinds) VALUES ($1, $2, $3, $4, $5)",
        scope.workspace_id, new_id(), scope.account_id, url, kinds,
    )  # fmt: skip


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def file_row(owner: asyncpg.Connection, file_id: UUID) -> dict[str, Any]:
    row = await owner.fetchrow(
        "SELECT state, stage, reason_code, media_type, segments_done, segments_total, passages_total, passages_embedded"
        " FROM file WHERE id = $1", file_id,
    )  # fmt: skip
    assert row is not None
    return dict(row.items())


async def job_row(owner: asyncpg.Connection, job_id: UUID) -> dict[str, Any]:
    row = await owner.fetchrow(
        "SELECT state, reason, attempts, crashes FROM job WHERE id = $1", job_id
    )
    assert row is not None
    return dict(row.items())


async def index_of(owner: asyncpg.Connection, file_id: UUID) -> list[tuple[Any, ...]]:
    """Everything search finds of a file, without ids: equal after any number of crashes (invariant I4).

    A hash of a passage's vectors comes last but one, and how many it has last.
    """
    rows = await owner.fetch(
        "SELECT p.ordinal, p.span_start, p.span_end, p.headings, p.text_hash, p.lexeme_count, p.tsv::text, v.hash, v.vectors"
        " FROM item i JOIN passage p ON p.item_id = i.id AND p.build_id = i.active_build_id"
        " CROSS JOIN LATERAL (SELECT count(*) AS vectors, md5(string_agg(e.vector::text, ' ')) AS hash"
        "  FROM embedding e WHERE e.workspace_id = p.workspace_id AND e.passage_id = p.id) v"
        " WHERE i.id = $1 ORDER BY p.ordinal", file_id,
    )  # fmt: skip
    return [tuple(row.values()) for row in rows]


async def text_of(owner: asyncpg.Connection, file_id: UUID) -> str:
    rows = await owner.fetch(
        "SELECT s.content FROM item i JOIN text_segment s ON s.build_id = i.active_build_id WHERE i.id = $1"
        " ORDER BY s.ordinal", file_id,
    )  # fmt: skip
    return "".join(row["content"] for row in rows)


async def ingest_next(resources: Resources, tools: Tools) -> None:
    """Claim the next file's job and do it; what its body raises comes out."""
    claimed = await claim(resources.worker, "ingest_file")
    assert claimed is not None
    (job,) = claimed.jobs
    async with leased(resources.worker, claimed) as fence:
        order = Order(job.subject_id, job.pipeline_version, job.first_step)
        await ingest_file(tools, fence, order)


async def again(owner: asyncpg.Connection, job_id: UUID) -> None:
    """Let a job that waits or is leased by a dead worker be claimed now."""
    await owner.execute(
        "UPDATE job SET state = 'retry_wait', run_at = now(), lease_token = NULL WHERE id = $1",
        job_id,
    )


def worker_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a worker process on the test's services."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "RECOLLECT_HOME": str(settings.recollect_home),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "EMBEDDER": "fake",
        "PATIENCE": str(settings.patience),
    }
