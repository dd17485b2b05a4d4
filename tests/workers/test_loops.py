import asyncio
import time

import structlog.testing

from core.errors import Unavailable
from core.tasks import end
from workers.loops import every, kept, unhindered, watch_lag


def told(logs, loop: str) -> list[str]:
    """Return what was logged of one loop; other tasks of the process may log at the same time."""
    return [entry["event"] for entry in logs if entry.get("loop") == loop]


async def test_a_round_that_fails_is_followed_by_the_next():
    rounds: list[int] = []
    thrice = asyncio.Event()

    async def do() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            thrice.set()
        raise Unavailable("away") if len(rounds) == 1 else ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(every(0.01, "test", do))
        await thrice.wait()
        await end([task])
    assert told(logs, "test")[:2] == ["round was left out", "round failed"]


async def test_a_loop_that_fails_is_started_again(monkeypatch):
    monkeypatch.setattr("workers.loops.AGAIN_S", 0.01)
    runs: list[int] = []

    async def run() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        await kept("test", run)
    assert len(runs) == 3
    assert told(logs, "test") == ["loop failed", "loop failed"]


async def test_a_blocked_event_loop_is_told():
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(watch_lag(0.01))
        await asyncio.sleep(0.02)
        time.sleep(0.7)  # noqa: ASYNC251  (what it looks for)
        await asyncio.sleep(0.02)
        await end([task])
    lags_ms = [entry["lag_ms"] for entry in logs if entry["event"] == "event loop was blocked"]
    assert max(lags_ms) >= 500


async def test_work_that_must_end_ends_however_often_it_is_cancelled():
    done: list[str] = []

    async def hand_back() -> None:
        await asyncio.sleep(0.3)
        done.append("handed back")

    task = asyncio.create_task(unhindered(hand_back()))
    await asyncio.sleep(0)
    await end([task])  # cancels every 0.1 s
    assert done == ["handed back"]
