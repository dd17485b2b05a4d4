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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.identity import Identity, ourselves

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Command:
    """What to start and how it is asked to stop; without a `log` it writes where we do."""

    name: str
    argv: Sequence[str]
    log: Path | int | None = None
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


async def spawn(command: Command) -> Child:
    """Start the command; it gets its stop signal too when this process dies."""
    output = _open_log(command.log)
    try:
        process = await asyncio.create_subprocess_exec(
            *as_user(command.identity, command.argv, death_signal=command.stop_signal),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=None if command.env is None else dict(command.env),
            cwd=command.cwd,
            process_group=0,
        )
    finally:
        if isinstance(command.log, Path) and output is not None:
            os.close(output)
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
    try:
        return int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


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


def _open_log(log: Path | int | None) -> int | None:
    if not isinstance(log, Path):
        return log
    log.parent.mkdir(parents=True, exist_ok=True)
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
