"""Several people by the page: let in, made writers, removed; reactions, pins, mentions; what one chose about being told."""

import re

import pytest
from playwright.async_api import expect

from core.scope import Scope
from search.notices import Happening, tell
from tests.make import make_colleague


@pytest.fixture
async def mine(ada, owner_connection):
    row = await owner_connection.fetchrow("SELECT account_id, workspace_id FROM membership")
    return Scope(row["account_id"], row["workspace_id"], "owner")


@pytest.fixture
async def bob(owner_connection, mine):
    return await make_colleague(owner_connection, mine, "Bob")


async def test_a_person_is_let_in_made_a_writer_and_removed(ada, owner_connection, bob):
    page = ada.page
    email = await owner_connection.fetchval(
        "SELECT email FROM account WHERE id = $1", bob.account_id
    )
    conversation, _ = await ada.say("Hello", title="Plans")
    await ada.open(f"#/c/{conversation}")
    await page.get_by_role("button", name="People").click()
    await page.get_by_label("Let in").fill(email)
    await page.get_by_role("button", name="Let in").click()
    role = page.get_by_label("Role of Bob")
    await expect(role).to_have_value("reader")
    async with page.expect_response(re.compile("/members/")):
        await role.select_option("writer")
    members = (await ada.call(f"/conversations/{conversation}/members"))["items"]
    assert {m["name"]: m["role"] for m in members} == {"Ada": "owner", "Bob": "writer"}
    await page.get_by_role("button", name="Remove").click()
    await expect(role).to_have_count(0)
    await page.get_by_role("button", name="Make a link").click()
    await expect(page.get_by_label("Link", exact=True)).to_have_value(re.compile("/#/join/"))


async def test_a_message_is_reacted_to_and_pinned(ada):
    page = ada.page
    conversation, message = await ada.say("The harbour opens", title="Plans")
    await ada.open(f"#/c/{conversation}")
    marks = page.locator(".marks")
    await marks.get_by_label("React", exact=True).click()
    await marks.get_by_role("button", name="👍").click()
    await expect(marks.get_by_label("👍 1")).to_have_attribute("aria-pressed", "true")
    await marks.get_by_role("button", name="Pin", exact=True).click()
    await expect(marks.get_by_role("button", name="Unpin")).to_be_visible()
    await page.reload()
    await marks.get_by_label("👍 1").click()
    await expect(marks.get_by_label("👍 1")).to_have_count(0)
    await page.get_by_role("button", name="People").click()
    await page.locator("#pins a").click()
    await expect(page).to_have_url(re.compile(message))


async def test_who_is_mentioned_sees_it_at_the_bell_and_in_the_words(
    ada, resources, mine, bob, owner_connection
):
    page = ada.page
    conversation, message = await ada.say("Look, @Ada", title="Plans")
    happening = Happening("mention", conversation, message, actor_id=bob.account_id)
    async with resources.app.write_tx(bob) as conn:
        await tell(conn, bob.workspace_id, happening, account_ids=[mine.account_id])
    await expect(page.locator("#toast")).to_contain_text("Bob mentioned you in Plans")
    await expect(page.locator("#bell-unread")).to_have_text("1 unread")
    await page.locator("#bell summary").click()
    await page.locator("#alerts a").click()
    await expect(page).to_have_url(re.compile(message))
    await expect(page.locator(".mention")).to_have_text("@Ada")
    await expect(page.locator("#bell-unread")).to_be_hidden()


async def test_how_one_is_told_is_kept(ada):
    page = ada.page
    await page.locator("#bell summary").click()
    await page.get_by_role("button", name="How I am told").click()
    row = page.get_by_role("row", name=re.compile("A reply is ready"))
    await row.get_by_label("list").check()
    await page.get_by_label("Quiet from").fill("22:00")
    async with page.expect_response(lambda r: "quiet_until" in (r.request.post_data or "")):
        await page.get_by_label("Quiet until").fill("07:00")
    kept = await ada.call("/notifications/settings")
    assert kept["kinds"]["reply.finished"]["in_app"]
    assert (kept["quiet_from"], kept["quiet_until"]) == ("22:00", "07:00")


async def test_webhooks_are_made_and_deleted_and_the_secret_is_shown_once(ada, owner_connection):
    page, dialog = ada.page, ada.page.get_by_role("dialog", name="Webhooks")
    await page.locator("#bell summary").click()
    await page.get_by_role("button", name="Webhooks").click()
    await expect(dialog.locator("#webhooks-list")).to_have_text("None yet.")
    await dialog.get_by_label("Address").fill("http://127.0.0.1/metrics")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("status")).to_contain_text("url")
    await dialog.get_by_label("Address").fill("https://hooks.example.org/files")
    await dialog.get_by_label("ready", exact=True).uncheck()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("The secret")).to_have_value(re.compile("^whsec_"))
    await page.keyboard.press("Escape")
    await owner_connection.execute(
        "UPDATE webhook SET failing_since = now(), reason = 'It answered 500.'"
    )
    await page.locator("#bell summary").click()
    await page.get_by_role("button", name="Webhooks").click()
    await expect(dialog.get_by_label("The secret")).to_be_hidden()
    row = dialog.get_by_role("listitem")
    await expect(row).to_contain_text("https://hooks.example.org/files")
    await expect(row.locator(".state")).to_contain_text("Failing since")
    await expect(row).to_contain_text("ready in part, without text, failed")
    await expect(row).to_contain_text("It answered 500.")
    await row.get_by_role("button", name="Delete").click()
    await expect(dialog.locator("#webhooks-list")).to_have_text("None yet.")
    assert (await ada.call("/webhooks"))["items"] == []
