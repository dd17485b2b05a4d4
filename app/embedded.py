"""The services that no setting names, started from installed packages: PostgreSQL and Valkey, for as long as one needs them.

`serve` runs them under its supervisor; the other commands and the tests open them here for themselves.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded_postgres import Postgres, start_postgres
from app.embedded_s3 import S3, start_s3
from app.embedded_valkey import Valkey, start_valkey
from app.settings import Settings

__all__ = [
    "S3",
    "Postgres",
    "Services",
    "Valkey",
    "embedded_services",
    "start_postgres",
    "start_s3",
    "start_valkey",
]


@dataclass(frozen=True, slots=True)
class Services:
    """Where the database and Redis are, embedded or named by a setting."""

    database_url: str
    redis_url: str


@asynccontextmanager
async def embedded_services(settings: Settings) -> AsyncGenerator[Services]:
    """Start what no setting names, and stop it at the end."""
    async with AsyncExitStack() as stack:
        if settings.database_url is None:
            postgres = await start_postgres(postgres_folder(settings))
            stack.push_async_callback(postgres.stop)
            database_url = postgres.url
        else:
            database_url = settings.database_url.get_secret_value()
        if settings.redis_url is None:
            valkey = await start_valkey(valkey_folder(settings))
            stack.push_async_callback(valkey.stop)
            redis_url = valkey.url
        else:
            redis_url = settings.redis_url.get_secret_value()
        yield Services(database_url, redis_url)


def postgres_folder(settings: Settings) -> Path:
    return settings.recollect_home / "postgres"


def valkey_folder(settings: Settings) -> Path:
    return settings.recollect_home / "valkey"
