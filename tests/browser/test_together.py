"""Two people in two browsers hold one conversation: each sees the other's words, edits and that he writes, as it happens."""

from uuid import UUID

from playwright.async_api import expect

from api.deps import COOKIE
from core.scope import Scope
from tests.browser.conftest import watched
from tests.browser.person import Person
from tests.make import make_colleague


async def test_two_browsers_show_one_conversation(ada, site, browser, owner_connection):
    me = await ada.call("/auth/me")
    talk, first = await ada.say("Shall we meet on Friday?", title="Friday")
    scope = Scope(UUID(me["id"]), UUID(me["workspace_id"]), "owner")
    bob_scope = await make_colleague(owner_connection, scope, "Bob")
    shared = {"principal": str(bob_scope.account_id), "role": "writer"}
    await ada.call(f"/conversations/{talk}/members", "PUT", shared)
    new = await site.app.state.api.sessions.start(bob_scope.account_id, kind="cookie")
    async with watched(site, browser) as page:
        cookie = {"name": COOKIE, "value": new.token, "url": site.url, "httpOnly": True}
        await page.context.add_cookies([cookie])  # pyright: ignore[reportArgumentType]
        bob = Person(page, site.url)
        await bob.open(f"#/c/{talk}?workspace={scope.workspace_id}")
        await expect(page.locator(".message")).to_have_count(1)
        await ada.open(f"#/c/{talk}")
        await expect(ada.page.locator(".message")).to_have_count(1)

        await ada.page.select_option("#composer-model", "nobody")
        await ada.page.fill("#composer-text", "At noon?")
        await ada.page.keyboard.press("Enter")
        await expect(page.locator(".message .body")).to_have_text(
            ["Shall we meet on Friday?", "At noon?"]
        )
        await ada.call(f"/messages/{first}", "PATCH", {"content": "Shall we meet on Monday?"})
        for each in (ada, bob):
            await expect(each.page.locator(".message .body").first).to_have_text(
                "Shall we meet on Monday?"
            )
        await page.locator("#composer-text").press_sequentially("Yes")
        await expect(ada.page.locator("#chat-typing")).to_have_text("Bob is writing…")
        await page.select_option("#composer-model", "nobody")
        await page.fill("#composer-text", "Yes, at noon.")
        await page.keyboard.press("Enter")
        wanted = ["Shall we meet on Monday?", "At noon?", "Yes, at noon."]
        for each in (ada, bob):
            await expect(each.page.locator(".message .body")).to_have_text(wanted)
