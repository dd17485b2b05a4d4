"""The API in this process, for the pages that show what it answers."""

from tests.api.conftest import app, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport]  (fixtures)
