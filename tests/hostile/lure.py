"""What hostile files reach for: an address that counts who calls, and a path where nothing may ever appear."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ESCAPED = "recollect-escaped"  # in the name of whatever would be written outside its folder
SECRET = "root:x:0:0"  # of /etc/passwd, which many of the files name


@dataclass(slots=True)
class Lure:
    url: str = "http://127.0.0.1:9"
    callers: list[str] = field(default_factory=list)

    @property
    def escape(self) -> str:
        return f"{tempfile.gettempdir()}/{ESCAPED}"

    @property
    def way_out(self) -> str:
        return "../" * 20 + self.escape.lstrip("/")


@asynccontextmanager
async def laid_out() -> AsyncGenerator[Lure]:
    """Listen on an own port for the block's time."""
    lure = Lure()

    def called(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lure.callers.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(called, "127.0.0.1", 0)
    lure.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield lure


def escaped() -> list[Path]:
    """Return what was written where the files want it, or beside this process."""
    places = (Path(tempfile.gettempdir()), Path("/"), Path("/etc"), Path.home(), Path.cwd())
    return [path for place in places for path in place.iterdir() if ESCAPED in path.name]
