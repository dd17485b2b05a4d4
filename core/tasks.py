"""End background tasks for certain; do something beside something else; wait for threads to the end.

A single cancel() can be lost: redis-py swallows one that meets it connecting, and asyncio.wait_for of Python 3.11 one that
comes as its own wait succeeds. Whoever then awaits the task waits for ever.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

_AGAIN_S = 0.1
T = TypeVar("T")


async def end(tasks: Collection["asyncio.Task[object]"]) -> None:
    """Cancel the tasks, as often as it takes, until every one has ended; what they raise is not looked at."""
    while tasks:
        for task in tasks:
            task.cancel()
        ended, tasks = await asyncio.wait(tasks, timeout=_AGAIN_S)
        for task in ended:
            # Looked at, so that asyncio does not report it.
            _ = task.cancelled() or task.exception()


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Do the work while the body runs, which begins at the work's first wait, and wait for both; an error of the body ends the work."""
    task = asyncio.create_task(work)
    try:
        await asyncio.sleep(0)
        yield
        await task
    finally:
        await end([task])


async def uninterrupted(work: "asyncio.Future[T]") -> T:
    """Wait for a thread to end even if we are cancelled meanwhile: it holds a file."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        raise
