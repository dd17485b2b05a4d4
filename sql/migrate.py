"""Bring a database to this code's schema: numbered files of sql/migrations, each once, each in one transaction, forward only.

A file that opens with `-- requires: roles` needs the four working roles. Where the operator's login may not create them it
is left out, row-level security is off, the predicate stands alone, and `recollect doctor` says so. Later files put what they
do for these roles into DO blocks that ask for migration 2; when the roles come late, those of the files that were applied
without them are run then.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from core.errors import StartFailed, Unavailable
from sql.pool import ROLES

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 45120001
_DO = re.compile(r"^DO \$\$\n.*?^\$\$;", re.MULTILINE | re.DOTALL)
_ROLES = 2  # the number of 0002_guard_rows
_IF_ROLES = f"FROM schema_migration WHERE number = {_ROLES})"
PGVECTOR_AT_LEAST = (0, 8, 5)  # 0.8.2-0.8.4 repaired index corruption
POSTGRES_AT_LEAST = 15


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    text: str

    @property
    def needs_roles(self) -> bool:
        return self.text.startswith("-- requires: roles")

    @property
    def for_roles(self) -> list[str]:
        """Return the statements that do nothing without the roles."""
        return [block for block in _DO.findall(self.text) if _IF_ROLES in block]


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `migrate` did: the names applied now, and whether row-level security is on."""

    applied: tuple[str, ...]
    has_roles: bool


def migrations() -> list[Migration]:
    """Return every migration, in order."""
    return [
        Migration(int(path.name[:4]), path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


async def migrate(dsn: str) -> Migrated:
    """Apply what is missing. Safe to run at the same time from several processes."""
    raw = await connect_owner(dsn)
    try:
        await _check_server(raw)
        await raw.execute("SELECT pg_advisory_lock($1)", _LOCK)
        has_roles = await _ensure_roles(raw)
        applied = [m.name for m in await pending(raw) if await _apply(raw, m, has_roles=has_roles)]
        return Migrated(tuple(applied), has_roles)
    finally:
        await raw.close()


async def connect_owner(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """Connect as the login of the DSN; what goes wrong is said in one line with the remedy."""
    try:
        return await asyncpg.connect(dsn, timeout=10)
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
    ) as error:
        raise StartFailed(
            f"DATABASE_URL: {error}. Correct the user, password or database name."
        ) from error
    except (OSError, asyncpg.PostgresError, TimeoutError, ValueError) as error:
        text = str(error) or type(error).__name__
        raise Unavailable(
            f"DATABASE_URL: no database answers there ({text}). Start it or correct the address."
        ) from error


async def pending(raw: "asyncpg.Connection[asyncpg.Record]") -> list[Migration]:
    """Return the migrations that this database has not had."""
    await raw.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration ("
        "number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = {row["number"] for row in await raw.fetch("SELECT number FROM schema_migration")}
    known = migrations()
    if unknown := done - {m.number for m in known}:
        raise StartFailed(
            f"The database was migrated by a newer Recollect (migration {max(unknown)}). Update this checkout."
        )
    return [m for m in known if m.number not in done]


async def _apply(
    raw: "asyncpg.Connection[asyncpg.Record]", migration: Migration, *, has_roles: bool
) -> bool:
    if migration.needs_roles and not has_roles:
        return False
    async with raw.transaction():
        await raw.execute("SET LOCAL lock_timeout = '10s'")
        await raw.execute(migration.text)
        await raw.execute(
            "INSERT INTO schema_migration (number, name) VALUES ($1, $2)",
            migration.number,
            migration.name,
        )
        if migration.number == _ROLES:
            await _guard_what_came_before(raw)
    return True


async def _guard_what_came_before(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Do for the roles what the files that were applied without them left out."""
    later = await raw.fetch("SELECT number FROM schema_migration WHERE number > $1", _ROLES)
    without = {row["number"] for row in later}
    for migration in migrations():
        if migration.number in without:
            for statement in migration.for_roles:
                await raw.execute(statement)


async def _check_server(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    version = raw.get_server_version().major
    if version < POSTGRES_AT_LEAST:
        raise StartFailed(
            f"PostgreSQL {version} is too old; Recollect needs {POSTGRES_AT_LEAST} or newer."
        )
    found = {
        row["name"]: row["version"]
        for row in await raw.fetch(
            "SELECT name, coalesce(installed_version, default_version) AS version FROM pg_available_extensions"
            " WHERE name IN ('vector', 'pg_trgm', 'btree_gin')"
        )
    }
    for name in ("vector", "pg_trgm", "btree_gin"):
        if name not in found:
            package = "pgvector" if name == "vector" else "PostgreSQL's contrib package"
            raise StartFailed(
                f"The extension {name} is missing from the server; install {package} there."
            )
    if tuple(map(int, re.findall(r"\d+", found["vector"]))) < PGVECTOR_AT_LEAST:
        raise StartFailed(
            f"pgvector {found['vector']} is too old (older versions corrupt indexes); install 0.8.5 or newer"
            " and run: ALTER EXTENSION vector UPDATE;"
        )


async def _ensure_roles(raw: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Create the working roles and let the login take them on; False where it may not."""
    try:
        for role in ROLES:
            if not await raw.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await raw.execute(f"CREATE ROLE {role} NOLOGIN")
                await raw.execute(f"GRANT {role} TO current_user")
            elif not await raw.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", role):
                await raw.execute(f"GRANT {role} TO current_user")
    except asyncpg.InsufficientPrivilegeError:
        return False
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return await _ensure_roles(raw)  # another database of this cluster made them just now
    return True


async def has_row_security(dsn: str) -> bool:
    """Return whether 0002_guard_rows was applied there; a database behind this code is a StartFailed."""
    raw = await connect_owner(dsn)
    try:
        missing = [m for m in await pending(raw) if not m.needs_roles]
        if missing:
            raise StartFailed(f"The database lacks {missing[0].name}; run: recollect migrate")
        return bool(await raw.fetchval("SELECT 1 FROM schema_migration WHERE number = 2"))
    finally:
        await raw.close()
