"""One thing that the supervisor keeps alive: a service or a program of ours, started again whenever it ends.

A start that fails before the first readiness is the operator's to mend and ends the supervisor; later ones are retried.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from app.child import Child, Command, open_log, spawn
from core.errors import RecollectError, StartFailed

log = structlog.get_logger(__name__)

FIRST_DELAY_S = 0.2
LAST_DELAY_S = 5.0
HEALTHY_AFTER_S = 20.0  # whoever lived that long starts again at once
SHORT_LIVES = 5  # in a row mean that it will not run at all
EXIT_START_FAILED = 78  # EX_CONFIG of sysexits.h: a program says that trying again would not help
_CHUNK_BYTES = 1 << 16


class Running(Protocol):
    """Something started: a server of app/embedded_*.py or a Program."""

    @property
    def child(self) -> Child: ...
    async def stop(self, *, timeout_s: float = ...) -> None: ...


R = TypeVar("R", bound=Running)
OnFailure = Callable[[RecollectError], None]


@dataclass(frozen=True, slots=True)
class Unit(Generic[R]):
    """How to start one thing, and how long it may take to stop."""

    name: str
    start: Callable[[], Awaitable[R]]
    stop_timeout_s: float


@dataclass(frozen=True, slots=True)
class Program:
    """A running `recollect <name>` with what copies its output."""

    child: Child
    copying: asyncio.Task[None]

    async def stop(self, *, timeout_s: float = 5.0) -> None:
        await self.child.stop(timeout_s=timeout_s)
        await self.copying


async def start_program(command: Command, *, log_file: Path) -> Program:
    """Start the command; each line that it writes goes to our output and to `log_file`."""
    child = await spawn(command, output=subprocess.PIPE)
    assert child.process.stdout is not None
    return Program(child, asyncio.create_task(_copy(child.process.stdout, log_file)))


@dataclass(slots=True)
class _Kept(Generic[R]):
    """A unit and what runs for it now; nothing between an end and the next start."""

    unit: Unit[R]
    running: R | None

    async def stop(self) -> None:
        running, self.running = self.running, None
        if running is not None:
            await running.stop(timeout_s=self.unit.stop_timeout_s)


@asynccontextmanager
async def kept(units: Sequence[Unit[R]], *, on_failure: OnFailure) -> AsyncGenerator[list[R]]:
    """Start the units in order and keep them alive in the body; then stop them, all at once.

    `on_failure` hears of what no further start can mend.
    """
    started: list[R] = []
    places: list[_Kept[R]] = []
    keepers: list[asyncio.Task[None]] = []
    try:
        for unit in units:
            started.append(await unit.start())
            places.append(_Kept(unit, started[-1]))
            keepers.append(asyncio.create_task(_keep(places[-1], on_failure)))
            keepers[-1].add_done_callback(_report_bug)
        yield started
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(place.stop() for place in places))


def _report_bug(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and (error := keeper.exception()):
        log.error("a keeper ended, its unit is not started again", exc_info=error)


async def _keep(place: _Kept[R], on_failure: OnFailure) -> None:
    name, delay_s, short_lives = place.unit.name, FIRST_DELAY_S, 0
    while place.running is not None:
        began = time.monotonic()
        exit_code = await place.running.child.wait()
        await place.stop()
        lived_s = time.monotonic() - began
        short_lives = short_lives + 1 if lived_s < HEALTHY_AFTER_S else 0
        if exit_code == EXIT_START_FAILED or short_lives >= SHORT_LIVES:
            on_failure(StartFailed(f"{name} cannot run as things are: its last lines say why"))
        log.warning("starting again what ended", unit=name, exit_code=exit_code)
        place.running = await _start_again(place.unit, delay_s)
        delay_s = next_delay(delay_s, lived_s=lived_s)


def next_delay(delay_s: float, *, lived_s: float) -> float:
    """Return how long to wait before the next start: twice as long each time, from the beginning after a healthy life."""
    return FIRST_DELAY_S if lived_s >= HEALTHY_AFTER_S else min(2 * delay_s, LAST_DELAY_S)


async def _start_again(unit: Unit[R], delay_s: float) -> R:
    while True:
        await asyncio.sleep(delay_s)
        try:
            return await unit.start()
        except (RecollectError, OSError) as error:
            log.warning("a start failed", unit=unit.name, reason=str(error))
            delay_s = LAST_DELAY_S


async def _copy(stream: asyncio.StreamReader, log_file: Path) -> None:
    """Copy whole lines, so that two programs never share one."""
    rest = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        _write(whole + newline, log_file)
    _write(rest, log_file)


def _write(lines: bytes, log_file: Path) -> None:
    """Write to both; a closed terminal or a full disk must not stop the program, which waits for us to read."""
    with suppress(OSError):
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    with suppress(OSError):
        descriptor = open_log(log_file)
        os.write(descriptor, lines)
        os.close(descriptor)
