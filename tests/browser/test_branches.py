"""Versions of a message, other replies, copies, files in and out: the tree of a conversation by the page."""

import json
import re
from dataclasses import replace

from playwright.async_api import expect

from tests.api.conversations.test_conversation_import import file_of, said
from tests.browser.conftest import REPLY

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."


async def test_a_message_has_versions_to_go_between_and_is_copied_away(ada):
    page = ada.page
    conversation, _ = await ada.say("First words")
    await ada.open(f"#/c/{conversation}")
    await page.select_option("#composer-model", "nobody")
    row = page.locator(".message.user")
    await row.get_by_role("button", name="Edit").click()
    await page.get_by_label("Message", exact=True).nth(0).fill("Second words")
    await page.get_by_role("button", name="Send as a new version").click()
    await expect(row).to_contain_text("Second words")
    await expect(row).to_contain_text("2/2")
    await row.get_by_role("button", name="Version before").click()
    await expect(row).to_contain_text("First words")
    await row.get_by_role("button", name="Fork").click()
    await expect(page).not_to_have_url(re.compile(conversation))
    await expect(row).to_contain_text("First words")
    await expect(row).not_to_contain_text("1/2")


async def test_a_question_is_answered_again_beside_the_first_reply(ada):
    page = ada.page
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    reply = await ada.ask("Where does the spare key hang?")
    await reply.get_by_role("button", name="Answer again").click()
    await expect(reply.get_by_role("button", name="Version before")).to_be_enabled()
    await expect(reply).to_have_count(1)
    await expect(reply).to_contain_text("2/2")


async def ask_two(ada):
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await ada.page.select_option("#composer-model", "openai:gpt-4.1-mini")
    await ada.page.get_by_text("and others").click()
    await ada.page.get_by_role("checkbox", name="extracts, word for word").check()
    await ada.ask("Where does the spare key hang?")


async def go_on_from(page, reply):
    chosen = reply.get_by_role("button", name="Go on from this one")
    await chosen.click()
    await expect(chosen).to_have_attribute("aria-pressed", "true")


async def test_two_models_answer_side_by_side_and_the_conversation_goes_on_from_one(
    ada, vendor, monkeypatch
):
    monkeypatch.setattr(vendor, "script", (replace(REPLY, pause_s=1.0),))  # half a minute of it
    page = ada.page
    await ask_two(ada)
    replies = page.get_by_role("group", name="Replies side by side").get_by_role("article")
    written = page.get_by_role("article", name="Reply of gpt-4.1-mini")
    quoted = page.get_by_role("article", name="Reply of extracts, word for word")
    await expect(replies).to_have_count(2)
    await expect(written).to_contain_text("word0")
    await written.get_by_role("button", name="Stop this one").click()
    await expect(written).to_contain_text("Stopped")
    await expect(quoted).to_contain_text("behind the blue door")
    await quoted.get_by_label("A bad reply").click()
    async with page.expect_response(re.compile("/feedback")):
        await quoted.get_by_label("What is wrong with it?").fill("Too long")
        await page.keyboard.press("Tab")
    await go_on_from(page, quoted)
    await page.select_option("#composer-model", "nobody")
    await page.fill("#composer-text", "Thank you")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_have_count(3)
    await expect(quoted.locator(".versions")).to_contain_text("/2")
    await page.reload()
    await expect(quoted.get_by_label("A bad reply")).to_have_attribute("aria-pressed", "true")
    await expect(quoted.get_by_label("What is wrong with it?")).to_have_value("Too long")
    await quoted.get_by_role("button", name="Side by side").click()
    await expect(replies).to_have_count(2)
    await expect(written).to_contain_text("Stopped")
    await written.get_by_role("button", name="Go on from this one").click()
    await expect(page.locator(".message")).to_have_count(2)


async def test_a_conversation_is_archived_found_there_and_taken_in_from_a_file(ada):
    page = ada.page
    conversation, _ = await ada.say("Hello", title="Boiler room")
    await ada.open(f"#/c/{conversation}")
    await page.locator("#chat-more summary").click()
    link = page.get_by_role("link", name="Export as JSON")
    await expect(link).to_have_attribute("href", re.compile(f"{conversation}/export\\?format=json"))
    await page.locator("#chat-archive").click()
    await expect(page.locator("#conversations")).not_to_contain_text("Boiler room")
    await page.get_by_label("Archived").check()
    await page.get_by_label("Find by title").fill("boil")
    await expect(page.locator("#conversations")).to_contain_text("Boiler room")
    file = {
        "name": "talk.json",
        "mimeType": "application/json",
        "buffer": json.dumps(file_of(said("From elsewhere"), title="Old talk")).encode(),
    }
    await page.set_input_files("#conversations-import", file)  # pyright: ignore[reportArgumentType]
    await expect(page.locator("#chat-title")).to_have_text("Old talk")
    await expect(page.locator(".message.user")).to_contain_text("From elsewhere")
