"""Is it alive, can it serve, what does it count: /healthz, /readyz, /metrics and the signed-in /api/status."""

import asyncio
from dataclasses import dataclass
from functools import cache

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.responses import PlainTextResponse, Response

from api import metrics
from api.deps import ResourcesDep, ScopeDep
from api.errors import not_ready_response, request_id_of
from api.wire import Answer
from app.resources import Resources
from core.errors import FieldProblem, Unavailable
from sql import fetch, fetch_one, read
from sql.migrate import PGVECTOR_AT_LEAST, migrations
from sql.pool import Pool

log = structlog.get_logger(__name__)
router = APIRouter(tags=["Operations"])
status_router = APIRouter(tags=["Operations"])

HEARTBEAT_LATE_S = 30  # a worker beats every 5 s
REDIS_TIMEOUT_S = 1.0


class Health(Answer):
    status: str


class Ready(Answer):
    """`degraded` names what is away without stopping the service."""

    status: str
    degraded: list[str]


class Status(Answer):
    """`jobs` counts the open jobs of all workspaces by state."""

    status: str
    degraded: list[str]
    problems: list[str]
    embedding_model: str
    chat_model: str
    worker_seen_s: float | None
    jobs: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Health:
    schema_number: int | None
    vector_version: str | None
    worker_seen_s: float | None


@dataclass(frozen=True, slots=True)
class _OpenJobs:
    kind: str
    state: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong enough to stop serving, and what is only degraded."""

    problems: tuple[FieldProblem, ...]
    degraded: tuple[str, ...]
    worker_seen_s: float | None


_find_health = read("health.sql", "find_health", _Health)
_count_open_jobs = read("health.sql", "count_open_jobs", _OpenJobs)


@router.get("/healthz", summary="The process answers")
async def healthz() -> Health:
    return Health(status="alive")


@router.get("/readyz", summary="Everything a request needs is there", response_model=Ready)
async def readyz(request: Request, resources: ResourcesDep) -> Ready | Response:
    checked = await check(resources)
    if checked.problems:
        return not_ready_response(checked.problems, request_id=request_id_of(request))
    return Ready(status="ready", degraded=list(checked.degraded))


@router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse)
async def get_metrics(resources: ResourcesDep) -> Response:
    for pool in pools(resources):
        metrics.POOL_SIZE.labels(pool.purpose).set(pool.raw.get_size())
        metrics.POOL_IN_USE.labels(pool.purpose).set(pool.raw.get_size() - pool.raw.get_idle_size())
    try:
        await _gauge_database(resources)
    except Unavailable as error:
        log.warning("could not count jobs", reason=error.message)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@status_router.get("/status", summary="How the installation is doing")
async def get_status(resources: ResourcesDep, _: ScopeDep) -> Status:
    checked = await check(resources)
    jobs = await _open_jobs(resources.worker)
    return Status(
        status="unready" if checked.problems else "ready",
        degraded=list(checked.degraded),
        problems=[problem.message for problem in checked.problems],
        embedding_model=resources.embedder.model,
        chat_model=resources.chat.default,
        worker_seen_s=checked.worker_seen_s,
        jobs={
            state: sum(j.jobs for j in jobs if j.state == state)
            for state in {j.state for j in jobs}
        },
    )


async def check(resources: Resources) -> Checked:
    """Ask each part; one that does not answer is a line of the result, never an exception."""
    redis_away = await _redis_away(resources.redis, resources.settings.patience)
    degraded = ("redis",) if redis_away else ()
    try:
        async with resources.signin.autocommit() as conn:
            found = await fetch_one(conn, _find_health)
    except Unavailable as error:
        return Checked((FieldProblem("database", error.message),), degraded, None)
    return Checked(tuple(_problems(found)), degraded, found.worker_seen_s)


def pools(resources: Resources) -> tuple[Pool, ...]:
    return (resources.app, resources.search, resources.signin, resources.stream, resources.worker)


def _problems(found: _Health) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    if (found.schema_number or 0) < _newest_migration():
        problems.append(
            FieldProblem("schema", "The schema is behind this code: recollect migrate.")
        )
    if found.vector_version is None or _version(found.vector_version) < PGVECTOR_AT_LEAST:
        problems.append(FieldProblem("pgvector", "pgvector is missing or too old."))
    if found.worker_seen_s is None or found.worker_seen_s > HEARTBEAT_LATE_S:
        problems.append(FieldProblem("worker", "No worker gave a heartbeat in the last 30 s."))
    return problems


async def _redis_away(redis: Redis, patience: float) -> bool:
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_S * patience):
            await redis.ping()  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, OSError, TimeoutError):
        return True
    return False


async def _gauge_database(resources: Resources) -> None:
    checked = await check(resources)
    if checked.worker_seen_s is not None:
        metrics.WORKER_SEEN_SECONDS.set(checked.worker_seen_s)
    metrics.JOBS.clear()
    for row in await _open_jobs(resources.worker):
        metrics.JOBS.labels(row.kind, row.state).set(row.jobs)


async def _open_jobs(pool: Pool) -> list[_OpenJobs]:
    async with pool.autocommit() as conn:
        return await fetch(conn, _count_open_jobs)


@cache
def _newest_migration() -> int:
    return max(migration.number for migration in migrations() if not migration.needs_roles)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
