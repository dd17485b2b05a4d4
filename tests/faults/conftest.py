"""The API in this process for what one request does, and the whole product as processes for what faults do."""

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.api.conftest import app, client, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)
from tests.faults.product import Product, running


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
