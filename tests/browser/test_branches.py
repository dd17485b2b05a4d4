"""Versions of a message, other replies, copies, files in and out: the tree of a conversation by the page."""

import json
import re

from playwright.async_api import expect

from tests.api.conversations.test_conversation_import import file_of, said

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
