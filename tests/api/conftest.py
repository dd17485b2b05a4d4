"""The API as its callers see it: real resources behind it, httpx in front of it, no socket between."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

import sql
from api.limits import Limits
from api.main import api_state, create_app
from app.resources import Resources
from core.redis_pool import open_redis
from core.scope import Scope
from tests.make import make_colleague, make_scope

BASE = "http://127.0.0.1:4512"
SignedIn = Callable[[Scope], Awaitable[httpx.AsyncClient]]


@pytest.fixture(scope="session")
async def app(opened: Resources) -> AsyncGenerator[FastAPI]:
    """The application, started once; each test finds the database empty, and a session stays known for as long as a test takes."""
    app = create_app(nullcontext(opened))
    app.state.api = await api_state(opened)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.sessions.CACHED_S", 600)
        yield app
    app.state.api.passwords.close()


@pytest.fixture
async def client(app: FastAPI, resources: Resources) -> AsyncGenerator[httpx.AsyncClient]:
    """Nobody signed in."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.fixture
async def signed_in(app: FastAPI, resources: Resources) -> AsyncGenerator[SignedIn]:
    """A function from a Scope to a client with its bearer token, acting in its workspace."""
    async with AsyncExitStack() as stack:

        async def sign_in(scope: Scope) -> httpx.AsyncClient:
            new = await app.state.api.sessions.start(scope.account_id, kind="bearer")
            headers = {
                "Authorization": f"Bearer {new.token}",
                "X-Workspace": str(scope.workspace_id),
            }
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=BASE, headers=headers
            )
            return await stack.enter_async_context(client)

        yield sign_in


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[list[str]]]:
    """A context that lists the named queries that its task sends while it is open, in order.

    Streams of earlier tests may still ask in tasks of their own.
    """
    listed: ContextVar[list[str] | None] = ContextVar("listed", default=None)

    @contextmanager
    def recorded() -> Generator[list[str]]:
        asked: list[str] = []
        arguments = sql._arguments

        def listening(query: sql.Read[object], values: dict[str, object]) -> list[object]:
            if listed.get() is asked:
                asked.append(query.name)
            return arguments(query, values)

        with monkeypatch.context() as patch:
            patch.setattr(sql, "_arguments", listening)
            token = listed.set(asked)
            yield asked
            listed.reset(token)

    return recorded


@pytest.fixture
async def without_redis(app: FastAPI, resources: Resources) -> AsyncGenerator[None]:
    """The application as it is while Redis is away: every command fails at once."""
    api = app.state.api
    away = open_redis("unix:///nowhere/valkey.sock")
    app.state.api = replace(
        api,
        resources=replace(resources, redis=away),
        sessions=replace(api.sessions, redis=away),
        searcher=replace(api.searcher, redis=away),
        limits=Limits(away),
    )
    yield
    app.state.api = api
    await away.aclose()


@pytest.fixture
async def ada(resources, owner_connection):
    """The owner of a workspace."""
    return await make_scope(owner_connection)


@pytest.fixture
async def bob(owner_connection, ada):
    """A member of Ada's workspace."""
    return await make_colleague(owner_connection, ada)


@pytest.fixture
async def mine(signed_in, ada):
    """What Ada asks by."""
    return await signed_in(ada)


@pytest.fixture
async def his(signed_in, bob):
    """What Bob asks by."""
    return await signed_in(bob)
