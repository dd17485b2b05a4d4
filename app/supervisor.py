"""`recollect serve`: everything on one machine under one parent, started in order, kept alive, stopped in reverse.

PostgreSQL and Valkey (unless settings name others), migrations, then our own programs: embedder, api, worker.
Each child dies with this process, even by `kill -9`; what survives that elsewhere than on Linux the next start ends.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from app.child import Command, end_leftover
from app.embedded import Say, embedded_services, published, run_folder, with_services
from app.embedders import needs_process
from app.folders import claim_folder, private_folder, require_space, short_folder
from app.identity import ourselves
from app.model_files import prepare_model
from app.probe import answers_ok, require_free_port
from app.settings import CHECKOUT, Settings, environment_of
from app.unit import Program, Unit, kept, start_program
from core.errors import RecollectError, StartFailed
from sql.migrate import migrate

Programs = Mapping[str, Sequence[str]]  # name -> command line

PROGRAM_STOP_S = 5.5  # the worker hands its jobs back in that time; with the services' below 10 s
READY_TIMEOUT_S = 90.0
# Started by name, because `app` may not import api and workers.
MODULES = {
    "embedder": "app.embedder_process",
    "model": "app.local_model_process",
    "api": "api.serve",
    "worker": "workers.main",
}


def serve(settings: Settings, *, say: Say, programs: Programs | None = None) -> None:
    """Run everything until SIGINT, SIGTERM or SIGHUP; raises a RecollectError when it cannot start."""
    asyncio.run(_until_signalled(_serve(settings, say, programs or our_programs(settings))))


def our_programs(settings: Settings) -> Programs:
    """Return our own processes in the order of their start."""
    left_out = set[str]()
    if not needs_process(settings):
        left_out.add("embedder")
    if settings.llm is None:
        left_out.add("model")
    return {
        name: (sys.executable, "-m", module)
        for name, module in MODULES.items()
        if name not in left_out
    }


async def _until_signalled(serving: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(serving)
    signalled = asyncio.Event()

    def stop() -> None:
        if not signalled.is_set():  # a second Ctrl-C must not cut the first one's work short
            signalled.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not signalled.is_set():
            raise


async def _serve(settings: Settings, say: Say, programs: Programs) -> None:
    began = time.monotonic()
    failed: asyncio.Future[RecollectError] = asyncio.get_running_loop().create_future()

    def on_failure(error: RecollectError) -> None:
        if not failed.done():
            failed.set_result(error)

    async with AsyncExitStack() as stack:
        _claim_home(stack, settings)
        await asyncio.to_thread(_end_leftovers, settings, programs)
        require_free_port(settings.bind, settings.port)
        if needs_process(settings):
            prepare_model(settings.recollect_home, say=say)
        services = await stack.enter_async_context(
            embedded_services(settings, say=say, on_failure=on_failure)
        )
        say("migrating the database")
        await migrate(services.database_url)
        stack.enter_context(published(settings, services))
        units = _our_units(with_services(settings, services), programs)
        await stack.enter_async_context(kept(units, on_failure=on_failure))
        say("waiting until all parts are ready")
        await _wait_until_ready(settings, failed)
        say(welcome(settings, seconds=time.monotonic() - began))
        await asyncio.Event().wait()


def _claim_home(stack: AsyncExitStack, settings: Settings) -> None:
    """Take the folder for ourselves, and make the one of the embedder's socket."""
    folder = run_folder(settings)
    try:
        settings.recollect_home.mkdir(parents=True, exist_ok=True)
        require_space(settings.recollect_home)
        stack.callback(os.close, claim_folder(folder))
    except OSError as error:
        raise StartFailed(
            f"{settings.recollect_home} cannot be written ({error.strerror}): set RECOLLECT_HOME to a folder of yours"
        ) from error
    private_folder(logs_folder(settings), ourselves())
    if settings.embed_socket.parent == short_folder(folder):
        private_folder(short_folder(folder), ourselves())
        stack.callback(shutil.rmtree, short_folder(folder), ignore_errors=True)


def _end_leftovers(settings: Settings, programs: Programs) -> None:
    """End what a killed supervisor left behind, so that the port is ours again."""
    for name, argv in programs.items():
        end_leftover(_pid_file(settings, name), mark=" ".join(argv))


def _pid_file(settings: Settings, name: str) -> Path:
    return run_folder(settings) / f"{name}.pid"


def _our_units(settings: Settings, programs: Programs) -> list[Unit[Program]]:
    environment = {**os.environ, **environment_of(settings)}
    return [
        Unit(
            name,
            partial(
                start_program,
                Command(
                    name, argv, env=environment, cwd=CHECKOUT, pid_file=_pid_file(settings, name)
                ),
                log_file=logs_folder(settings) / f"{name}.log",
            ),
            PROGRAM_STOP_S,
        )
        for name, argv in programs.items()
    ]


async def _wait_until_ready(settings: Settings, failed: asyncio.Future[RecollectError]) -> None:
    host = "127.0.0.1" if settings.bind == "0.0.0.0" else settings.bind
    until = time.monotonic() + READY_TIMEOUT_S
    while not await answers_ok(host, settings.port, "/readyz"):
        if failed.done():
            raise failed.result()
        if time.monotonic() > until:
            raise StartFailed(
                f"Recollect was not ready after {READY_TIMEOUT_S:.0f} s: see {logs_folder(settings)}"
            )
        await asyncio.sleep(0.1)


def logs_folder(settings: Settings) -> Path:
    return settings.recollect_home / "logs"


def welcome(settings: Settings, *, seconds: float) -> str:
    """Return what a person who has just started Recollect wants to know."""
    host = "localhost" if settings.bind in {"127.0.0.1", "0.0.0.0", "::1"} else settings.bind
    lines = [
        "",
        f"Recollect is ready at http://{host}:{settings.port} ({seconds:.1f} s)",
        "  1. Open it and make an account; the first one administers.",
        "  2. Upload a PDF, write a message, search for both, ask a question.",
        f"  Everything is kept in {settings.recollect_home}. Ctrl-C stops it.",
    ]
    database = settings.recollect_home / "postgres"
    if database.is_symlink():
        lines.append(f"  But the database in {database.resolve()}, where its user can reach it.")
    return "\n".join([*lines, ""])
