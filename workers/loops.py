"""Loops that outlive their errors: what fails is logged and tried again at the next turn."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Final

import structlog

from core.errors import Unavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger()

AGAIN_S: Final = 1.0
LAG_S: Final = (
    0.5  # something blocked the event loop for that long: leases are renewed by the same loop
)


async def kept(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until it returns, however often it fails."""
    while True:
        try:
            return await run()
        except Exception:
            log.exception("loop failed", loop=name)
            await asyncio.sleep(AGAIN_S)


async def every(seconds: float, name: str, do: Callable[[], Awaitable[object]]) -> None:
    """Do something now and then again `seconds` after it ended, for ever."""
    while True:
        try:
            await do()
        except Unavailable as error:
            log.warning("round was left out", loop=name, error=error.message)
        except Exception:
            log.exception("round failed", loop=name)
        await asyncio.sleep(seconds)


async def watch_lag(seconds: float) -> None:
    """Say when the event loop was blocked, for ever."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(seconds)
        lag_s = time.monotonic() - began - seconds
        if lag_s > LAG_S:
            log.warning("event loop was blocked", lag_ms=round(lag_s * 1000))


async def unhindered(work: Coroutine[None, None, None]) -> None:
    """Do the work to its end, whoever cancels us meanwhile and however often."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()
