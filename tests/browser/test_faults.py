"""Two people in two browsers hold one conversation with a model while parts of the product are killed under them.

Each reply grows, character by character, to what is stored; none is lost and none comes twice, and neither page is loaded anew.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID

import asyncpg
import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from core.scope import Scope
from tests.faults.counts import FULL
from tests.faults.product import PASSWORD, Product, running, signed_up
from tests.faults.test_redis_kills import wipe_redis
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_membership

WORDS = tuple(f" wörd{n}" for n in range(60))
SLOWLY = Reply(words=WORDS, pause_s=0.1)
WHOLE = "".join(WORDS).strip()
KNOWN = "The spare key hangs behind the blue door, says wörd1."
# What was ever shown of a reply has to be the beginning of what is shown later.
WATCH = """() => {
  const wordsOf = (body) => {
    const copy = body.cloneNode(true);
    copy.querySelectorAll(".waiting, .notice, .sources, .grounding").forEach((part) => part.remove());
    return copy.textContent.trim();
  };
  const bodies = () => [...document.querySelectorAll("#messages .assistant .body")];
  const shown = new WeakMap();
  window.broken = [];
  window.replies = () => bodies().map(wordsOf);
  new MutationObserver(() => bodies().forEach((body) => {
    const before = shown.get(body) ?? "", now = wordsOf(body);
    if (!now.startsWith(before)) window.broken.push([before, now]);
    shown.set(body, now);
  })).observe(document.querySelector("#messages"), { childList: true, subtree: true, characterData: true });
}"""
pytestmark = pytest.mark.timeout(600)


async def restart_api(product: Product) -> None:
    pid = product.pid("api")
    product.kill("api")
    await product.another("api", than=pid)


async def kill_worker(product: Product) -> None:
    """Its reply ends as interrupted when the lease of 30 s has run out."""
    pid = product.pid("worker")
    product.kill("worker")
    await product.another("worker", than=pid)


FAULTS = (wipe_redis, restart_api, *((kill_worker,) if FULL else ()))


@asynccontextmanager
async def at_the_page(
    product: Product, browser: Browser, name: str, address: str
) -> AsyncGenerator[Page]:
    """The page as somebody who has an account sees it, signed in, with the conversation open."""
    person = {"email": f"{name}@example.org", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=f"{product.url}/api", timeout=60) as client:
        signed = (await client.post("/auth/login", json=person)).raise_for_status()
    cookies = [{"name": k, "value": v, "url": product.url} for k, v in signed.cookies.items()]
    context = await browser.new_context()
    await context.add_cookies(cookies)  # pyright: ignore[reportArgumentType]
    page = await context.new_page()
    await page.goto(f"{product.url}/{address}")
    await expect(page.locator("#chat-title")).to_have_text("Talk")
    await page.evaluate(WATCH)
    yield page
    await context.close()


async def begin(product: Product, ada: httpx.AsyncClient, bob: httpx.AsyncClient) -> str:
    """Make a conversation that both may write in; return its address within the page."""
    hers, his = [(await who.get("/auth/me")).json() for who in (ada, bob)]
    workspace_id, bob_id = UUID(hers["workspace_id"]), his["id"]
    owner = await asyncpg.connect(product.database_url())
    await make_membership(owner, Scope(UUID(bob_id), workspace_id, "member"))
    await owner.close()
    known, talk = [
        (await ada.post("/conversations", json={"title": title})).json()["id"]
        for title in ("Keys", "Talk")
    ]
    await ada.post(f"/conversations/{known}/messages", json={"content": KNOWN})
    share = {"principal": bob_id, "role": "writer"}
    for each in (known, talk):
        (await ada.put(f"/conversations/{each}/members", json=share)).raise_for_status()
    return f"#/c/{talk}?workspace={workspace_id}"


async def ask(page: Page, question: str) -> None:
    await page.fill("#composer-text", question)
    await page.keyboard.press("Enter")


async def stored(client: httpx.AsyncClient, address: str) -> list[str]:
    talk = address.removeprefix("#/c/").partition("?")[0]
    listed = (await client.get(f"/conversations/{talk}/messages", params={"limit": 100})).json()
    return [m["content"].strip() for m in listed["items"] if m["role"] == "assistant"]


@pytest.fixture
def product_home(home) -> Path:
    folder = Path(mkdtemp(prefix="browsers ", dir=home))
    folder.chmod(0o755)
    return folder / "home"


@pytest.fixture
async def product(product_home) -> AsyncGenerator[Product]:
    """The whole product, whose model writes slowly."""
    async with vendor_server(SLOWLY) as vendor:
        told = {
            "OPENAI_BASE_URL": vendor.base_url,
            "OPENAI_API_KEY": "k",
            "CHAT_MODEL": "openai:fake",
        }
        async with running(product_home, **told) as product:
            yield product


async def test_two_browsers_show_every_character_once_through_kills(browser, product):
    async with AsyncExitStack() as stack:
        ada, bob = [
            await stack.enter_async_context(signed_up(product, name)) for name in ("ada", "bob")
        ]
        address = await begin(product, ada, bob)
        pages = [
            await stack.enter_async_context(at_the_page(product, browser, name, address))
            for name in ("ada", "bob")
        ]
        for n, fault in enumerate(FAULTS):
            await ask(pages[n % 2], "Where does the spare key hang?")
            replies = [page.locator(".message.assistant").nth(n) for page in pages]
            for reply in replies:
                await expect(reply.locator(".body")).to_contain_text("wörd7")
            await fault(product)
            for reply in replies:
                await expect(reply).not_to_have_attribute("aria-busy", "true")
        wanted = await stored(ada, address)
        assert wanted[:2] == [WHOLE, WHOLE]
        assert all(WHOLE.startswith(text) for text in wanted)
        for page in pages:
            assert await page.evaluate("window.replies()") == wanted
            assert await page.evaluate("window.broken") == []
