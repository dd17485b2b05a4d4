"""The API in this process for what one request does, and the whole product as processes for what faults do."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bench.realtime import Api
from tests.api.conftest import app, client, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)
from tests.faults.product import Product, running
from tests.llm.vendor_server import Reply, Vendor, vendor_server
from tests.make import make_scope
from tests.ports import own_port

SLOWLY = Reply(words=tuple(f" wörd{n}" for n in range(60)), pause_s=0.03)


@pytest.fixture
def product_home(home) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="whole ", dir=home))
    folder.chmod(0o755)
    return folder / "my home"


@pytest.fixture
async def product(product_home) -> AsyncGenerator[Product]:
    """The whole product, running; what a test kills is its own."""
    async with running(product_home) as product:
        yield product


@pytest.fixture(scope="session")
async def vendor() -> AsyncGenerator[Vendor]:
    """A vendor of models that writes slowly."""
    async with vendor_server(SLOWLY) as vendor:
        yield vendor


@pytest.fixture(scope="session")
def api_environment(home, settings, vendor) -> dict[str, str]:
    """What an API process on the database of the tests is told; its port comes to it."""
    return {
        "PATH": os.defpath,
        "RECOLLECT_HOME": str(home),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "OPENAI_BASE_URL": vendor.base_url,
        "OPENAI_API_KEY": "none",
        "EMBEDDER": "fake",
        "PATIENCE": str(settings.patience),
        "LOG_LEVEL": "ERROR",
        **{name: value for name, value in os.environ.items() if name.startswith("COV")},
    }


@pytest.fixture(scope="session")
async def apis(api_environment) -> AsyncGenerator[list[Api]]:
    """Two API processes on one database."""
    apis = [Api(port, api_environment | {"PORT": str(port)}) for port in (own_port(), own_port())]
    await asyncio.gather(*(api.start() for api in apis))
    yield apis
    await asyncio.gather(*(api.stop() for api in apis))


@pytest.fixture
async def ada(signed_in, owner_connection):  # noqa: F811  (the fixture)
    return await signed_in(await make_scope(owner_connection, "ada"))


@pytest.fixture
async def conversation_id(ada):
    return (await ada.post("/api/conversations", json={})).json()["id"]


@pytest.fixture
def unchanged(owner_connection, settings):
    """A block after which every table has the rows, and the blob folder the files, that it had before."""

    async def state() -> tuple[dict[str, int], int]:
        tables = await owner_connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> 'heartbeat' ORDER BY 1"
        )
        counts = {
            t["relname"]: await owner_connection.fetchval(f"SELECT count(*) FROM {t['relname']}")
            for t in tables
        }
        return counts, sum(path.is_file() for path in settings.blob_dir.rglob("*"))

    @asynccontextmanager
    async def compared():
        before = await state()
        yield
        assert await state() == before

    return compared
