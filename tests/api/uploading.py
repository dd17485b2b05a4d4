"""Files for the tests of routes: uploaded as a client does it, read as a worker does it."""

from urllib.parse import quote

import httpx

from app.resources import Resources
from tests.workers.made import ingest_next
from workers.tools import make_work

TEXT = b"# Keys\n\nThe spare key hangs behind the blue door of the boiler room.\n"


async def upload(
    client: httpx.AsyncClient, data: bytes = TEXT, name: str = "keys.md"
) -> dict[str, str]:
    """Upload one file and return it as the answer tells it."""
    response = await client.post("/api/upload", content=data, headers={"X-Filename": quote(name)})
    assert response.status_code == 202, response.text
    return response.json()["file"]


async def read(resources: Resources) -> None:
    """Do the next job of reading a file."""
    await ingest_next(resources, make_work(resources).tools)
