"""The composition root: opens everything a process works with, top to bottom, and closes it in reverse.

The API, the worker, the CLI and the tests all call `open_resources()`; nothing below `app` opens a pool, a socket or a store.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redis.asyncio import Redis

from app.blob_owner import refuse_anothers
from app.chat_models import ChatModels, open_chat_models
from app.embedders import asked_models
from app.model_files import model_folder
from app.model_recipes import MINILM
from app.rerankers import asked_reranker
from app.settings import Settings
from core.blobs import BlobStore, S3Place, open_blobs
from core.errors import StartFailed
from core.events import Feed, open_feed
from core.redis_pool import TIMEOUT_S, open_redis
from core.staging import Staging, open_staging
from search.embed import Embedder, OtherModels, Reranker
from search.real_words import load_real_words
from sql.migrate import has_row_security
from sql.pool import ACQUIRE_TIMEOUT_S, LOCK_TIMEOUT_MS, DbRole, Pool, open_pool

Purpose = Literal["api", "worker", "cli"]
# Connections of each pool; one pool cannot starve another, and all of them stay below max_connections - 10.
SIZES: dict[Purpose, dict[str, int]] = {
    "api": {"app": 8, "search": 4, "signin": 4, "stream": 2, "worker": 2},
    "worker": {"app": 3, "search": 2, "signin": 1, "stream": 1, "worker": 8},
    "cli": {"app": 2, "search": 2, "signin": 1, "stream": 1, "worker": 2},
}
_ROLE: dict[str, DbRole] = {
    "app": "recollect_app",
    "search": "recollect_search",
    "signin": "recollect_signin",
    "stream": "recollect_app",
    "worker": "recollect_worker",
}
_STATEMENT_TIMEOUT_MS = {
    "app": 2000,
    "search": 500,
    "signin": 2000,
    "stream": 2000,
    "worker": 30_000,
}
_ACQUIRE_TIMEOUT_S = {"worker": 30.0}  # a job may wait for its turn; a request may not


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process works with. Pools by purpose; each role and its rights are in sql/migrations/0002_guard_rows.sql."""

    settings: Settings
    app: Pool  # requests, as the tenant that the Scope names
    search: Pool  # the index legs; reads only narrow tables, of all tenants: the predicate is in each query
    signin: Pool  # accounts, sessions, memberships
    stream: Pool  # permission checks and catching up of open streams
    worker: Pool  # the ledger of all workspaces; content only inside tenant_tx()
    redis: "Redis"
    feed: Feed  # what other processes say: a run's events, nudges
    blobs: BlobStore
    staging: Staging  # where uploads wait that arrive in parts
    embedder: Embedder  # of a workspace's first generation
    other_models: OtherModels  # of generations made under other settings
    chat: ChatModels
    reranker: Reranker | None  # None where the settings name no model
    real_words: frozenset[str]  # 5 MB; none where the default model's folder is not made
    has_row_security: bool


@asynccontextmanager
async def open_resources(settings: Settings, *, purpose: Purpose) -> AsyncGenerator[Resources]:
    """Open all that `purpose` needs; raises StartFailed or Unavailable with the remedy in the message."""
    if settings.database_url is None or settings.redis_url is None:
        raise StartFailed(
            "No database is running for this folder: start it with `make run`, or set DATABASE_URL and REDIS_URL."
        )
    dsn = settings.database_url.get_secret_value()
    guarded, patience = await has_row_security(dsn), settings.patience
    async with AsyncExitStack() as stack:
        pools = {
            name: await open_pool(
                dsn,
                purpose=name,
                role=_ROLE[name] if guarded else None,
                size=size,
                statement_timeout_ms=int(_STATEMENT_TIMEOUT_MS[name] * patience),
                lock_timeout_ms=int(LOCK_TIMEOUT_MS * patience),
                acquire_timeout_s=_ACQUIRE_TIMEOUT_S.get(name, ACQUIRE_TIMEOUT_S) * patience,
            )
            for name, size in SIZES[purpose].items()
        }
        for pool in pools.values():
            stack.push_async_callback(pool.close)
        redis = open_redis(settings.redis_url.get_secret_value(), timeout_s=TIMEOUT_S * patience)
        stack.push_async_callback(redis.aclose)
        feed = await stack.enter_async_context(open_feed(settings.redis_url.get_secret_value()))
        place = _blob_place(settings)
        blobs = await stack.enter_async_context(open_blobs(place))
        if purpose != "cli":
            await refuse_anothers(signin=pools["signin"], worker=pools["worker"], blobs=blobs)
        models = await stack.enter_async_context(asked_models(settings))
        vocabulary = model_folder(settings.recollect_home, MINILM.spec.model)
        chat = await stack.enter_async_context(open_chat_models(settings, redis))
        yield Resources(
            settings,
            **pools,
            redis=redis,
            feed=feed,
            blobs=blobs,
            staging=open_staging(place if isinstance(place, Path) else None, blobs),
            embedder=models.default,
            other_models=models.find,
            chat=chat,
            reranker=asked_reranker(settings),
            real_words=await asyncio.to_thread(load_real_words, vocabulary),
            has_row_security=guarded,
        )


def _blob_place(settings: Settings) -> Path | S3Place:
    if settings.s3_endpoint is None:
        return settings.blob_dir
    if settings.s3_access_key is None or settings.s3_secret_key is None:
        raise StartFailed("S3_ENDPOINT is set: set S3_ACCESS_KEY and S3_SECRET_KEY too.")
    return S3Place(
        settings.s3_endpoint,
        settings.s3_bucket,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.s3_direct_endpoint,
    )
