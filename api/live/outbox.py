"""What waits to be sent to one client: bounded, so that a slow one costs a connection and not the process's memory.

On overflow nothing is left out silently: the connection ends, and the client resumes where it was.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from api.live.frames import Framed

MOST_FRAMES: Final = 256
MOST_BYTES: Final = 1 << 20
Ending = Literal["slow", "restart", "session"]


@dataclass(frozen=True, slots=True)
class Bounds:
    frames: int = MOST_FRAMES
    bytes: int = MOST_BYTES


USUAL: Final = Bounds()


class Outbox:
    """A queue with one reader; `ending` says why the connection is to end, once it is."""

    def __init__(self, bounds: Bounds = USUAL) -> None:
        self.ending: Ending | None = None
        self._bounds = bounds
        self._waiting: deque[Framed] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, framed: Framed) -> None:
        """Add a frame; one too many ends the connection."""
        if self.ending is not None:
            return
        self._waiting.append(framed)
        self._bytes += len(framed.text)
        if len(self._waiting) > self._bounds.frames or self._bytes > self._bounds.bytes:
            self.end("slow")
        self._arrived.set()

    async def put_patiently(self, framed: Framed) -> None:
        """Add a frame as soon as all before it were taken: for what the client has asked to catch up with."""
        while self._waiting and self.ending is None:
            self._taken.clear()
            await self._taken.wait()
        self.put(framed)

    def end(self, ending: Ending) -> None:
        """End the connection; what waits is not sent any more."""
        if self.ending is None:
            self.ending = ending
            self._waiting.clear()
            self._bytes = 0
            self._arrived.set()
            self._taken.set()

    def nudge(self) -> None:
        """Make who takes look up: there may be something else to do."""
        self._arrived.set()

    async def take(self, *, within_s: float) -> list[Framed]:
        """Return what waits, in order; nothing after `within_s`, or when the connection is to end."""
        if not self._waiting and self.ending is None:
            try:
                async with asyncio.timeout(within_s):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        self._arrived.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        self._taken.set()
        return taken
