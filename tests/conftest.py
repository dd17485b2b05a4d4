"""The real PostgreSQL, Valkey and S3 server, one set for each xdist worker, emptied after each test that used them."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from app.embedded_postgres import start_postgres
from app.embedded_valkey import start_valkey
from app.model_files import prepare_model
from app.model_recipes import E5
from app.resources import Resources, open_resources
from app.settings import Settings
from sql.migrate import migrate

# No test may ask a vendor: a key in the developer's shell must not reach the suite.
for name in list(os.environ):
    if (
        name.endswith(("_API_KEY", "_BASE_URL"))
        or name in Settings.model_fields
        or name.lower() in Settings.model_fields
    ):
        del os.environ[name]

# How long an example takes is the machine's affair; the suite's time-out ends what hangs. The same examples each time:
# what a new one finds must not fail a change that has nothing to do with it.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("suite")

EMPTY = "TRUNCATE account, workspace, heartbeat, audit, index_care, idempotency_key, lexeme_stat CASCADE"
PATIENCE = 20  # a machine with other work to do stops for seconds

TEST_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "80",
    # Statistics, and with them plans, change where a test says so, never beside it.
    "autovacuum_analyze_threshold": "2000000000",
    "autovacuum_vacuum_insert_threshold": "-1",
}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their place: archives hold the time they were made at, and the workers have to agree on names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def home() -> Generator[Path]:
    """A folder with a space in its name: every path of the product must bear one."""
    with tempfile.TemporaryDirectory(
        prefix="recollect test ", ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """The real embedding model, made once for all runs of the suite in this checkout."""
    return prepare_model(Path(__file__).parent.parent / ".home")


@pytest.fixture(scope="session")
def e5_dir() -> Path:
    """The multilingual model; a checkout whose .venv is older than its lock has no wheel of it."""
    if find_spec(E5.package) is None:
        pytest.skip(f"{E5.package} is not installed: run `make test`")
    return prepare_model(Path(__file__).parent.parent / ".home", E5)


@pytest.fixture(scope="session")
async def database_url(home) -> AsyncGenerator[str]:
    server = await start_postgres(home / "postgres", options=TEST_OPTIONS)
    await migrate(server.url)
    yield server.url
    await server.stop()


@pytest.fixture(scope="session")
async def redis_url(home) -> AsyncGenerator[str]:
    server = await start_valkey(home / "valkey")
    yield server.url
    await server.stop()


@pytest.fixture(scope="session")
def settings(home, database_url, redis_url) -> Settings:
    return Settings.model_validate(
        {
            "recollect_home": home,
            "database_url": database_url,
            "redis_url": redis_url,
            "embedder": "fake",
            "registration": "open",
            "patience": PATIENCE,
        }
    )


@pytest.fixture(scope="session")
async def owner_connection(database_url) -> AsyncGenerator[asyncpg.Connection]:
    """The owner of the tables: for preparing queries and for looking behind the walls."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def opened(settings) -> AsyncGenerator[Resources]:
    async with open_resources(settings, purpose="api") as resources:
        yield resources


@pytest.fixture
async def resources(opened, owner_connection) -> AsyncGenerator[Resources]:
    """Everything open, and empty again after the test."""
    yield opened
    await _empty(owner_connection)
    await opened.redis.flushdb()


async def _empty(owner: asyncpg.Connection) -> None:
    """Empty all tables, however often it takes: a page just closed may have left requests under way, which lock them one by one."""
    while True:
        try:
            await owner.execute(EMPTY)
        except asyncpg.DeadlockDetectedError:
            await asyncio.sleep(0.1)
        else:
            return
