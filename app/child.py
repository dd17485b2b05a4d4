"""A child process: started so that it dies with us, stopped in order, and cleaned up after a `kill -9` of its parent.

Each child leads its own process group, so Ctrl-C at the terminal reaches the supervisor alone. `<name>.pid` in the run
folder says who to end when the last supervisor could not; a process is ended only if its command line holds our mark.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.identity import Identity, ourselves

LOG_BYTES = 20_000_000  # of one log file; the one before it is kept as .1.log
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start and how it is asked to stop; without a `log` it writes where spawn() is told to."""

    name: str
    argv: Sequence[str]
    log: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    identity: Identity | None = None
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    pid_file: Path | None = None  # for end_leftover() at the next start


@dataclass(frozen=True, slots=True)
class Child:
    """A started Command."""

    command: Command
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    async def wait(self) -> int:
        """Return the exit code; negative is the signal that ended it."""
        return await self.process.wait()

    async def stop(self, *, timeout_s: float = 5.0) -> None:
        """Ask the child to stop, then end its whole group."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.command.stop_signal)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.wait()
        if self.command.pid_file is not None:
            self.command.pid_file.unlink(missing_ok=True)


async def until_ready(
    child: Child, is_ready: Callable[[], Awaitable[bool]], *, timeout_s: float
) -> bool:
    """Wait for a started child; one that ends, takes too long or is no longer wanted is stopped."""
    with contextlib.suppress(TimeoutError):
        try:
            async with asyncio.timeout(timeout_s):
                while child.running:
                    if await is_ready():
                        return True
                    await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            await child.stop()
            raise
    await child.stop()
    return False


async def spawn(command: Command, *, output: int | None = None) -> Child:
    """Start the command; it gets its stop signal too when this process dies.

    `output` is a descriptor or subprocess.PIPE; without it and without a log it writes where we do.
    """
    opened = None if command.log is None else open_log(command.log)
    target = output if opened is None else opened
    try:
        process = await asyncio.create_subprocess_exec(
            *as_user(command.identity, command.argv, death_signal=command.stop_signal),
            stdin=subprocess.DEVNULL,
            stdout=target,
            stderr=None if target is None else subprocess.STDOUT,
            env=None if command.env is None else dict(command.env),
            cwd=command.cwd,
            process_group=0,
        )
    finally:
        if opened is not None:
            os.close(opened)
    if command.pid_file is not None:
        command.pid_file.write_text(str(process.pid), encoding="utf-8")
    return Child(command, process)


def as_user(
    who: Identity | None, argv: Sequence[str], *, death_signal: signal.Signals = signal.SIGTERM
) -> list[str]:
    """Return the command line that runs `argv` as `who`, and sends it `death_signal` when we die."""
    who = who or ourselves()
    prefix = [
        sys.executable,
        "-I",
        "-S",
        str(LAUNCH),
        os.getpid(),
        int(death_signal),
        who.uid,
        who.gid,
    ]
    return [*map(str, prefix), *argv]


def end_leftover(pid_file: Path, *, mark: str) -> None:
    """End the process that `pid_file` names if it is still ours, and forget the file."""
    pid = read_pid(pid_file)
    if pid is not None and mark in command_line(pid):
        end(pid, mark=mark, by=(signal.SIGTERM, signal.SIGKILL))
    pid_file.unlink(missing_ok=True)


def end(pid: int, *, mark: str, by: Sequence[signal.Signals], timeout_s: float = 10.0) -> None:
    """Send each signal in turn until the process is gone; `mark` guards against a pid that went to somebody else."""
    for sent in by:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
        if _gone(pid, mark=mark, timeout_s=timeout_s):
            return


def read_pid(pid_file: Path) -> int | None:
    """Return the number in the first line, or None."""
    lines = read_lines(pid_file)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file that another process makes and removes; none while it is absent."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def command_line(pid: int) -> str:
    """Return the command line of a process, empty when there is none."""
    if sys.platform == "linux":
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return os.fsdecode(raw.replace(b"\0", b" "))
    found = subprocess.run(
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout


def _gone(pid: int, *, mark: str, timeout_s: float) -> bool:
    until = time.monotonic() + timeout_s
    while mark in command_line(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def open_log(log: Path) -> int:
    """Open a log file to append to; a long one makes room for a new one first."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".1.log"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
