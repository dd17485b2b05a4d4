"""The services that no setting names: PostgreSQL and Valkey from installed packages, kept alive for as long as one needs them.

`recollect serve` holds them; the other commands find them through a file in the run folder, which only their user can read.
"""

import fcntl
import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import orjson
import structlog
from pydantic import SecretStr

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.settings import Settings
from app.unit import OnFailure, Unit, kept
from core.errors import RecollectError

log = structlog.get_logger(__name__)

POSTGRES_STOP_S = 3.5
VALKEY_STOP_S = 1.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Services:
    """Where the database and Redis are, embedded or named by a setting."""

    database_url: str
    redis_url: str


def log_failure(error: RecollectError) -> None:
    log.error("a service keeps ending", reason=str(error))


@asynccontextmanager
async def embedded_services(
    settings: Settings, *, say: Say = log.info, on_failure: OnFailure = log_failure
) -> AsyncGenerator[Services]:
    """Start what no setting names and keep it alive; the last started is the first stopped."""
    async with AsyncExitStack() as stack:
        if settings.database_url is None:
            say("starting PostgreSQL")
            start = partial(start_postgres, settings.recollect_home / "postgres")
            units = [Unit("postgres", start, POSTGRES_STOP_S)]
            [postgres] = await stack.enter_async_context(kept(units, on_failure=on_failure))
            database_url = postgres.url
        else:
            database_url = settings.database_url.get_secret_value()
        if settings.redis_url is None:
            say("starting Valkey")
            start = partial(start_valkey, settings.recollect_home / "valkey")
            units = [Unit("valkey", start, VALKEY_STOP_S)]
            [valkey] = await stack.enter_async_context(kept(units, on_failure=on_failure))
            redis_url = valkey.url
        else:
            redis_url = settings.redis_url.get_secret_value()
        yield Services(database_url, redis_url)


def with_services(settings: Settings, services: Services) -> Settings:
    """Return the settings with the addresses of `services`."""
    addresses = {name: SecretStr(url) for name, url in asdict(services).items()}
    return settings.model_copy(update=addresses)


def run_folder(settings: Settings) -> Path:
    return settings.recollect_home / "run"


@dataclass(frozen=True, slots=True)
class _Published:
    """What a running `recollect serve` says to the other commands: the services, and where its API listens."""

    database_url: str
    redis_url: str
    bind: str
    port: int


@contextmanager
def published(settings: Settings, services: Services) -> Generator[None]:
    """Tell the other commands of this home where everything is, for as long as it is there."""
    path = run_folder(settings) / "services.json"
    told = _Published(services.database_url, services.redis_url, settings.bind, settings.port)
    path.write_bytes(orjson.dumps(told))
    path.chmod(0o600)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def with_running_services(settings: Settings) -> Settings:
    """Return the settings with the addresses of a `recollect serve` of the same home, unchanged when none runs."""
    folder = run_folder(settings)
    if not _is_held(folder / "lock"):
        return settings
    try:
        found = _Published(**orjson.loads((folder / "services.json").read_bytes()))
    except FileNotFoundError:  # it is still starting
        return settings
    here = settings.model_copy(update={"bind": found.bind, "port": found.port})
    return with_services(here, Services(found.database_url, found.redis_url))


def _is_held(lock: Path) -> bool:
    """Return whether a supervisor lives; after a `kill -9` its files stay behind, its lock does not."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
