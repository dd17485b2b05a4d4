"""Connections: one pool for each purpose, a deadline in front, a tenant set in each transaction.

`open_pool()` is the only opener. `Pool.acquire()` of asyncpg waits for ever and a time-out on it has leaked connections
(MagicStack/asyncpg#467), so a semaphore with a deadline stands before it. A ReadConn runs in a READ ONLY transaction and a
Conn may write; both are the only types that other packages see of asyncpg.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import asyncpg
import numpy as np
from asyncpg.pool import PoolConnectionProxy
from numpy.typing import NDArray

from core.errors import StorageFull, Unavailable
from core.scope import Scope

ACQUIRE_TIMEOUT_S = 0.25  # overload answers 503 in < 300 ms
LOCK_TIMEOUT_MS = 1000
BadSyntax = asyncpg.PostgresSyntaxError  # of a value that is a language of its own: a tsquery
DbRole = Literal["recollect_app", "recollect_search", "recollect_signin", "recollect_worker"]
ROLES: tuple[DbRole, ...] = (
    "recollect_app",
    "recollect_search",
    "recollect_signin",
    "recollect_worker",
)
_AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
         asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.TooManyConnectionsError,
         asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.InternalClientError,
         TimeoutError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadConn:
    """A connection inside a transaction that may only read."""

    raw: "PoolConnectionProxy[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Conn(ReadConn):
    """A connection inside a transaction that may write."""


@dataclass(frozen=True, slots=True)
class Pool:
    """An asyncpg pool behind a semaphore; `purpose` names it in errors and metrics."""

    purpose: str
    raw: "asyncpg.Pool[asyncpg.Record]"
    seats: asyncio.Semaphore
    acquire_timeout_s: float

    @asynccontextmanager
    async def read_tx(
        self, scope: Scope | None = None, *, by_key: bool = False
    ) -> AsyncGenerator[ReadConn]:
        """Open a READ ONLY transaction; with a scope, as that tenant. `by_key`: see _beginning()."""
        begin = _beginning(scope, readonly=True, by_key=by_key)
        async with self._seat() as raw, _transaction(raw, begin):
            yield ReadConn(raw)

    @asynccontextmanager
    async def write_tx(
        self, scope: Scope | None = None, *, by_key: bool = False, waits_for_disk: bool = True
    ) -> AsyncGenerator[Conn]:
        """Open a transaction that commits at the end of the block; with a scope, as that tenant.

        One that does not wait for the disk may be lost as a whole within its first second, when the database or the machine
        dies; the next one that waits takes it along.
        """
        begin = _beginning(scope, readonly=False, by_key=by_key) + _lasting(waits_for_disk)
        async with self._seat() as raw, _transaction(raw, begin):
            yield Conn(raw)

    @asynccontextmanager
    async def tenant_tx(
        self, workspace_id: UUID, *, waits_for_disk: bool = True
    ) -> AsyncGenerator[Conn]:
        """Open a writing transaction for a workspace with nobody signed in (workers)."""
        begin = f"BEGIN; {_tenant(workspace_id, None)}{_lasting(waits_for_disk)}"
        async with self._seat() as raw, _transaction(raw, begin):
            yield Conn(raw)

    @asynccontextmanager
    async def autocommit(self) -> AsyncGenerator[ReadConn]:
        """Lend a connection for single statements of a pool that needs no tenant (search, sign-in)."""
        async with self._seat() as raw:
            yield ReadConn(raw)

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self.raw.close(), 5)
        except TimeoutError:
            self.raw.terminate()

    @asynccontextmanager
    async def _seat(self) -> "AsyncGenerator[PoolConnectionProxy[asyncpg.Record]]":
        try:
            # Not wait_for: in Python 3.11 it loses a cancellation that comes as the seat is given.
            async with asyncio.timeout(self.acquire_timeout_s):
                await self.seats.acquire()
        except TimeoutError:
            raise Unavailable(
                f"The database pool {self.purpose} is busy.", retry_after_s=1
            ) from None
        try:
            async with self.raw.acquire() as raw, _none_half_dead(raw):
                yield raw
        except asyncpg.DiskFullError as error:
            raise StorageFull("The database has no space left.") from error
        except asyncpg.DeadlockDetectedError as error:
            raise Unavailable("Others changed the same at once.", retry_after_s=1) from error
        except _AWAY as error:
            raise Unavailable("The database did not answer.", retry_after_s=2) from error
        finally:
            self.seats.release()


async def open_pool(  # noqa: PLR0913  (one opener for all pools)
    dsn: str,
    *,
    purpose: str,
    role: DbRole | None,
    size: int,
    statement_timeout_ms: int = 2000,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
    acquire_timeout_s: float = ACQUIRE_TIMEOUT_S,
) -> Pool:
    """Open a pool whose connections work as `role` (None: as the login itself, where roles are not to be had)."""
    settings = {
        "application_name": f"recollect-{purpose}",
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(lock_timeout_ms),
        "idle_in_transaction_session_timeout": "10000",
        "jit": "off",
        "timezone": "UTC",
        # HNSW goes on until enough rows pass the filters (search/semantic.py).
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": "150",
    }
    if purpose == "search":
        # A generic plan took over after five runs and cost 0.8 -> 1,500 ms (dnotitia/akb#626). Elsewhere rows are found
        # by their keys, and planning anew was half the database's time of a page of hits.
        settings["plan_cache_mode"] = "force_custom_plan"
    if role is not None:
        settings["role"] = role
    try:
        raw = await asyncpg.create_pool(
            dsn, min_size=1, max_size=size, server_settings=settings, init=_teach_types,
            command_timeout=statement_timeout_ms / 1000 + 5, reset=_no_reset,
            max_inactive_connection_lifetime=300, timeout=5,
        )  # fmt: skip
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Unavailable(f"Cannot connect to the database: {error}") from error
    return Pool(purpose, raw, asyncio.Semaphore(size), acquire_timeout_s)


@asynccontextmanager
async def _none_half_dead(
    raw: "PoolConnectionProxy[asyncpg.Record]",
) -> AsyncGenerator[None]:
    """End a connection that asyncpg left in the midst of an operation when its server was killed; the pool kept it."""
    try:
        yield
    except asyncpg.InternalClientError:
        raw.terminate()
        raise


@asynccontextmanager
async def _transaction(
    raw: "PoolConnectionProxy[asyncpg.Record]", begin: str
) -> AsyncGenerator[None]:
    """Begin in one round trip, with all that is set for it: every request pays for each."""
    await raw.execute(begin)
    try:
        yield
    except BaseException:
        if not raw.is_closed():
            await raw.execute("ROLLBACK")
        raise
    await raw.execute("COMMIT")


def _beginning(scope: Scope | None, *, readonly: bool, by_key: bool) -> str:
    """Return what begins a transaction. `by_key`: its statements find rows by keys, so that one plan is right for all values.

    PostgreSQL takes a LIMIT that it does not know for a tenth of all rows and so planned pages of messages anew for ever, which
    was a third of their time.
    """
    parts = ["BEGIN READ ONLY" if readonly else "BEGIN"]
    if scope is not None:
        parts.append(_tenant(scope.workspace_id, scope.account_id))
    if by_key:
        parts.append("SET LOCAL plan_cache_mode = force_generic_plan")
    return "; ".join(parts)


def _lasting(waits_for_disk: bool) -> str:
    return "" if waits_for_disk else "; SET LOCAL synchronous_commit = off"


def _tenant(workspace_id: UUID, account_id: UUID | None) -> str:
    """Return what makes a transaction a tenant's until its end, so that nothing survives into the pool."""
    ws, uid = UUID(str(workspace_id)), account_id and UUID(str(account_id))  # can only be ids
    return f"SET LOCAL app.ws = '{ws}'; SET LOCAL app.uid = '{uid or ''}'"


async def _no_reset(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Save the round trip of asyncpg's RESET ALL: nothing but SET LOCAL is ever used here."""
    if raw.is_in_transaction():
        await raw.reset()


async def _teach_types(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    await raw.set_type_codec(
        "halfvec", schema="public", encoder=encode_halfvec, decoder=decode_halfvec, format="binary"
    )


def encode_halfvec(vector: NDArray[np.float32]) -> bytes:
    """Return pgvector's wire form: dimension and a reserved 0 as int16, then big-endian float16."""
    return len(vector).to_bytes(2) + b"\0\0" + vector.astype(">f2").tobytes()


def decode_halfvec(data: bytes) -> NDArray[np.float32]:
    """Return the vector of pgvector's wire form."""
    return np.frombuffer(data, dtype=">f2", offset=4).astype(np.float32)
