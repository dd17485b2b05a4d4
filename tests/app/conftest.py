"""The command line against a running Recollect: the real API behind a real socket, a real worker beside it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

import pytest
import structlog
from typer.testing import CliRunner, Result

from api.main import create_app
from api.serve import Server, listen
from app.cli import app
from app.cli_identity import find_local_account
from app.sessions import Sessions
from workers.drain import Terms
from workers.main import RETRY, working

Recollect = Callable[..., Awaitable[Result]]


@dataclass(frozen=True)
class Served:
    url: str
    port: int


@pytest.fixture
async def served(resources, monkeypatch) -> AsyncGenerator[Served]:
    """An API on a free port; the environment is that of its machine."""
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = Server(create_app(nullcontext(resources)), trusted_proxies="127.0.0.1")
    running = asyncio.create_task(server.serve(sockets=[listening]))
    settings = resources.settings
    monkeypatch.setenv("RECOLLECT_HOME", str(settings.recollect_home))
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("EMBEDDER", "fake")
    monkeypatch.setenv("PORT", str(port))
    yield Served(f"http://127.0.0.1:{port}", port)
    server.should_exit = True
    await running


@pytest.fixture
async def worker(resources) -> AsyncGenerator[None]:
    async with working(resources, Terms(RETRY, poll_s=0.1)):
        yield


@pytest.fixture
def recollect(tmp_path, monkeypatch) -> Recollect:
    """Run a command in a thread, so that the API of the same process can answer it."""
    for name in ("RECOLLECT_URL", "RECOLLECT_TOKEN", "RECOLLECT_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    async def run(*arguments: str, typed: str = "") -> Result:
        quiet = structlog.make_filtering_bound_logger(
            logging.CRITICAL
        )  # the API's lines would go to our stdout
        structlog.configure(wrapper_class=quiet)
        try:
            return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), typed)
        finally:
            structlog.reset_defaults()

    return run


@pytest.fixture
async def ada(served, recollect) -> str:
    """The first account, made by the command; who names nobody acts for it."""
    email = "ada@example.org"
    made = await recollect("user", "add", email, "--name", "Ada", typed="correct horse battery\n")
    assert made.exit_code == 0, made.output
    return email


@pytest.fixture
async def token(ada, resources) -> str:
    """A bearer token of Ada's."""
    account = await find_local_account(resources.signin, ada)
    sessions = Sessions(resources.signin, resources.redis, timedelta(hours=1))
    return (await sessions.start(account.id, kind="bearer")).token
