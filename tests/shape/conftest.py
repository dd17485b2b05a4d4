"""The API in this process, with deadlines that no busy machine misses, for the pages that show what it answers."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from tests.api.conftest import app, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)

PATIENCE_S = 20.0


@pytest.fixture
async def patient(app, resources) -> AsyncGenerator[None]:  # noqa: F811  (the fixture)
    api = app.state.api
    searcher = replace(
        api.searcher,
        semantic_timeout_s=PATIENCE_S,
        lexical_timeout_s=PATIENCE_S,
        facets_timeout_s=PATIENCE_S,
    )
    app.state.api = replace(api, searcher=searcher)
    yield
    app.state.api = api
