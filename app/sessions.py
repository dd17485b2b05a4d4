"""Sessions: a random token at the client, its SHA-256 in PostgreSQL, its ids in Redis for at most 5 s.

Redis only saves reading a session again; it may be lost or wrong by nothing: role and membership are read from PostgreSQL
at each request, and an ended session leaves a tombstone in Redis that no request on its way can overwrite.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.errors import NotFound, NotSignedIn
from core.events import nudge
from core.ids import new_id
from core.scope import Role, Scope
from sql import execute, fetch, fetch_opt, read, write
from sql.pool import Pool

log = structlog.get_logger(__name__)

SessionKind = Literal["cookie", "bearer"]
CACHED_S = 5
TOMBSTONE = b"ended"
PROLONG_AFTER = timedelta(hours=1)  # of use, so that a session costs at most one write an hour
USER_AGENT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A valid sign-in; `csrf_token` is what a browser must repeat in a header."""

    id: UUID
    account_id: UUID
    kind: SessionKind
    csrf_token: str
    expires_at: datetime


_KEPT = TypeAdapter(tuple[str, Session])  # in Redis: whose token it is, by its hash


@dataclass(frozen=True, slots=True)
class NewSession:
    """A sign-in and its token, which is told once and stored nowhere."""

    token: str
    session: Session


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by which session, and in which workspace."""

    session: Session
    scope: Scope


@dataclass(frozen=True, slots=True)
class ListedSession:
    id: UUID
    kind: SessionKind
    user_agent: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _CallerRow:
    session_id: UUID
    kind: SessionKind
    csrf_token: str
    expires_at: datetime
    prolongs: bool
    account_id: UUID
    is_admin: bool
    workspace_id: UUID | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Standing:
    is_admin: bool
    workspace_id: UUID | None
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Ended:
    token_hash: bytes


_find_caller = read("account.sql", "find_caller", _CallerRow)
_find_standing = read("account.sql", "find_standing", _Standing)
_list_standings = read("account.sql", "list_standings", _Standing)
_create_session = write("account.sql", "create_session")
_prolong_session = write("account.sql", "prolong_session")
_list_sessions = read("account.sql", "list_sessions", ListedSession)
_revoke_session = write("account.sql", "revoke_session", _Ended)
_revoke_sessions = write("account.sql", "revoke_sessions", _Ended)
_revoke_other_sessions = write("account.sql", "revoke_other_sessions", _Ended)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of an installation; `lifetime` counts from their last use, or from their start where use prolongs none."""

    pool: Pool
    redis: Redis
    lifetime: timedelta
    prolongs: bool = True

    async def start(
        self, account_id: UUID, *, kind: SessionKind, user_agent: str = ""
    ) -> NewSession:
        """Make a session with a new token; an earlier one of the account goes on beside it."""
        token = secrets.token_urlsafe(32)
        session = Session(
            new_id(), account_id, kind, secrets.token_urlsafe(32), datetime.now(UTC) + self.lifetime
        )
        async with self.pool.write_tx() as conn:
            await execute(
                conn,
                _create_session,
                id=session.id,
                account_id=account_id,
                token_hash=hash_token(token),
                csrf_token=session.csrf_token,
                kind=kind,
                user_agent=user_agent[:USER_AGENT_CHARACTERS],
                expires_at=session.expires_at,
                prolongs=self.prolongs,
            )
        return NewSession(token, session)

    async def find_caller(self, token: str, *, workspace_id: UUID | None) -> Caller:
        """Return who holds the token; NotSignedIn without a session, NotFound without membership."""
        return await self.find_caller_by(hash_token(token), workspace_id=workspace_id)

    async def find_caller_by(self, token_hash: bytes, *, workspace_id: UUID | None) -> Caller:
        """Return the same for who keeps the hash of a token, not the token."""
        session = await self._cached(token_hash)
        if session is None:
            return await self._from_database(token_hash, workspace_id)
        async with self.pool.autocommit() as conn:
            standing = await fetch_opt(
                conn, _find_standing, account_id=session.account_id, workspace_id=workspace_id
            )
        if standing is None:
            raise _not_signed_in()
        return _caller(session, standing)

    async def scopes_of(self, account_id: UUID) -> list[Scope]:
        """Return what the account may act as, in every workspace that it belongs to; its own first."""
        async with self.pool.autocommit() as conn:
            standings = await fetch(conn, _list_standings, account_id=account_id)
        return [
            Scope(account_id, standing.workspace_id, standing.role, standing.is_admin)
            for standing in standings
            if standing.workspace_id is not None and standing.role is not None
        ]

    async def list_of(self, account_id: UUID) -> list[ListedSession]:
        """Return the account's sessions, newest first."""
        async with self.pool.autocommit() as conn:
            return await fetch(conn, _list_sessions, account_id=account_id)

    async def end(self, account_id: UUID, *, session_id: UUID) -> None:
        """End one session of the account, at once."""
        async with self.pool.write_tx() as conn:
            ended = await fetch(conn, _revoke_session, account_id=account_id, id=session_id)
        if not ended:
            raise NotFound("No such session.")
        await self._bury(ended)

    async def end_all(self, account_id: UUID) -> None:
        """End every session of the account, at once."""
        async with self.pool.write_tx() as conn:
            ended = await fetch(conn, _revoke_sessions, account_id=account_id)
        await self._bury(ended)

    async def end_others(self, account_id: UUID, *, session_id: UUID) -> None:
        """End every session of the account but this one, at once."""
        async with self.pool.write_tx() as conn:
            ended = await fetch(conn, _revoke_other_sessions, account_id=account_id, id=session_id)
        await self._bury(ended)

    async def _from_database(self, token_hash: bytes, workspace_id: UUID | None) -> Caller:
        async with self.pool.autocommit() as conn:
            row = await fetch_opt(
                conn, _find_caller, token_hash=token_hash, workspace_id=workspace_id
            )
        if row is None:
            raise _not_signed_in()
        session = Session(row.session_id, row.account_id, row.kind, row.csrf_token, row.expires_at)
        if row.prolongs:
            session = await self._prolonged(session)
        await self._cache(token_hash, session)
        return _caller(session, _Standing(row.is_admin, row.workspace_id, row.role))

    async def _prolonged(self, session: Session) -> Session:
        until = datetime.now(UTC) + self.lifetime
        if until - session.expires_at < PROLONG_AFTER:
            return session
        async with self.pool.write_tx() as conn:
            await execute(conn, _prolong_session, id=session.id, expires_at=until)
        return Session(session.id, session.account_id, session.kind, session.csrf_token, until)

    async def _cached(self, token_hash: bytes) -> Session | None:
        try:
            found: bytes | None = await self.redis.get(_key(token_hash))
        except RedisError:
            return None
        if found is None:
            return None
        if found == TOMBSTONE:
            raise _not_signed_in()
        try:
            named, session = _KEPT.validate_json(found)
        except ValidationError:
            return None
        # another one is what a connection had left over from another request
        return session if named == token_hash.hex() else None

    async def _cache(self, token_hash: bytes, session: Session) -> None:
        # str: asyncpg has a UUID class of its own
        value = orjson.dumps([token_hash.hex(), session], default=str)
        try:
            await self.redis.set(_key(token_hash), value, ex=CACHED_S, nx=True)
        except RedisError as error:
            log.debug("could not cache a session", reason=str(error))

    async def _bury(self, ended: list[_Ended]) -> None:
        """Stop the cache from answering for these; it forgets by itself where Redis is away."""
        try:
            for session in ended:
                await self.redis.set(_key(session.token_hash), TOMBSTONE, ex=2 * CACHED_S)
                await nudge(self.redis, session_topic(session.token_hash))
        except RedisError as error:
            log.warning("could not clear the session cache", reason=str(error), within_s=CACHED_S)


def session_topic(token_hash: bytes) -> str:
    """Return the topic whose nudge says that the session has ended."""
    return f"session:{token_hash.hex()}"


def hash_token(token: str) -> bytes:
    """Return what is stored of a token: it is random, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _key(token_hash: bytes) -> str:
    return f"session:{token_hash.hex()}"


def _caller(session: Session, standing: _Standing) -> Caller:
    if standing.workspace_id is None or standing.role is None:
        raise NotFound("No such workspace.")
    scope = Scope(session.account_id, standing.workspace_id, standing.role, standing.is_admin)
    return Caller(session, scope)


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn("Sign in first: the session is missing, ended or expired.")
