"""The ways through the page: an account, files in, search as one types, replies, citations, and out again."""

import asyncio
import re
from dataclasses import replace

import pytest
from playwright.async_api import Dialog, Route, expect

from tests.browser.conftest import REPLY
from tests.browser.person import DATA, PDF, text_file

PASSWORD = "a sentence nobody guesses"
LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."


async def test_the_first_visit_offers_an_account_and_later_ones_to_sign_in(visitor):
    page = visitor.page
    await expect(page.locator("#signin-title")).to_have_text("Create an account")
    await expect(page.locator("#signin-lead")).to_contain_text("first account")
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_role("textbox", name="E-mail").fill("ada@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#account-name")).to_have_text("Ada")
    await page.reload()
    await expect(page.locator("#account-name")).to_have_text("Ada")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#signin-title")).to_have_text("Sign in")


async def test_a_refused_sign_in_is_said_beside_the_form(visitor):
    page = visitor.page
    await page.locator("#signin-switch").click()
    await page.get_by_role("textbox", name="E-mail").fill("nobody@example.org")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await expect(page.locator("#app")).to_be_hidden()


async def test_a_pdf_is_followed_while_it_is_read_then_found_and_opened(ada):
    page = ada.page
    await ada.open("#/files")
    followed = page.expect_request(re.compile(r"/files/[^/]+/events$"))
    async with followed:
        await page.set_input_files("#pick-files", PDF)
    state = ada.file("multi_page.pdf").locator(".state")
    await expect(state).to_have_text(re.compile("Waiting|Being read|Ready"))
    await expect(state).to_have_text("Ready")

    await page.keyboard.press("/")
    await page.keyboard.type("typewriter with magnetic", delay=20)
    hit = page.locator(".hit").first
    await expect(hit).to_contain_text("multi_page.pdf")
    await expect(hit.locator("mark").first).to_have_text(
        re.compile("typewriter|magnetic", re.IGNORECASE)
    )
    await expect(hit).to_contain_text("page 1")
    await expect(hit.locator(".why").first).to_have_text("words")
    await expect(page).to_have_url(re.compile("magnetic$"))
    await expect(page.locator("#search-hits")).not_to_have_attribute("aria-busy", "true")
    await hit.click()
    await expect(page.locator("#viewer-title")).to_have_text("multi_page.pdf")
    await expect(page.locator("#viewer mark")).to_contain_text("magnetic tape")
    await expect(page.locator("#viewer mark")).to_be_in_viewport()


async def test_a_citation_opens_the_file_at_the_quoted_words(ada):
    page = ada.page
    await ada.upload(PDF)
    reply = await ada.ask("Which machine combined a typewriter with magnetic tape storage?")
    chip = reply.locator("a.cite").first
    await expect(chip).to_be_visible(timeout=20_000)
    quote = await chip.get_attribute("title")
    await chip.click()
    mark = page.locator("#viewer mark")
    await expect(mark).to_have_text(" ".join(quote.split()))
    await expect(mark).to_be_in_viewport()
    await expect(page.locator("#viewer-where")).to_have_text("page 1")
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile("#/c/[0-9a-f-]{36}$"))
    await chip.click()
    await page.reload()
    await expect(mark).to_have_text(" ".join(quote.split()))
    await expect(page).to_have_url(re.compile("#/file/.*start="))


async def test_a_message_is_found_and_opens_in_its_conversation(ada):
    page = ada.page
    conversation_id, message_id = await ada.say(LETTER, title="Keys")
    await page.keyboard.type("boiler")
    hit = page.locator(".hit")
    await expect(hit.locator("strong")).to_have_text("Keys")
    await hit.click()
    place = f"{ada.url}/#/c/{conversation_id}?m={message_id}&start=0&end={len(LETTER)}"
    await expect(page).to_have_url(place)
    await expect(page.locator(".message.found")).to_contain_text(LETTER)


@pytest.mark.parametrize("kind", ["message", "file"])
async def test_the_link_of_a_hit_opens_at_the_words_in_a_fresh_page(ada, kind):
    page = ada.page
    if kind == "message":
        await ada.say(LETTER)
    else:
        await ada.upload(text_file("keys.txt", LETTER))
    found = await ada.call("/search?q=boiler&crop=5")
    (hit,) = found["hits"]
    await page.goto("about:blank")
    await page.goto(f"{ada.url}{hit['links']['open']}")
    mark = page.locator(".message.found mark" if kind == "message" else "#viewer mark")
    await expect(mark).to_have_text(hit["snippet"]["text"])
    await expect(mark).to_be_in_viewport()


async def test_a_citation_of_a_message_marks_its_words(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    reply = await ada.ask("Where does the spare key hang?")
    await reply.locator("a.cite").first.click(timeout=20_000)
    await expect(page.locator("#chat-title")).to_have_text("Keys")
    await expect(page.locator(".message.found mark")).to_contain_text("spare key hangs")


async def test_a_failed_file_says_why_and_search_says_that_it_is_missing(ada):
    page = ada.page
    await ada.upload(DATA / "files" / "password.pdf", state="Failed")
    row = ada.file("password.pdf")
    await expect(row.locator(".reason")).to_contain_text("password")
    await expect(row.get_by_role("button", name="Retry")).to_be_visible()
    await ada.open("#/search?q=anything")
    await expect(page.locator(".coverage")).to_contain_text("1 file failed")


async def test_a_file_that_needs_a_password_is_opened_with_it(ada):
    await ada.upload(DATA / "files" / "password.pdf", state="Failed")
    row = ada.file("password.pdf")
    for password, told in (("sesame", "does not open"), ("password", "Ready")):
        await row.get_by_label("Password of password.pdf").fill(password)
        await row.get_by_role("button", name="Open").click()
        await expect(row).to_contain_text(told)
    await expect(row.get_by_label("Password of password.pdf")).to_have_count(0)


async def test_a_deleted_file_leaves_search_at_once_and_comes_back(ada):
    page = ada.page
    await ada.upload(text_file("keys.txt", LETTER))
    await ada.file("keys.txt").get_by_role("button", name="Delete").click()
    await expect(ada.file("keys.txt")).to_have_count(0)
    await page.get_by_role("button", name="Restore").click()
    await ada.file("keys.txt").get_by_role("button", name="Delete").click()
    await expect(ada.file("keys.txt")).to_have_count(0)
    await ada.open("#/search?q=boiler")
    await expect(page.locator("#search-status")).to_contain_text("Nothing found")
    await ada.open("#/files")
    await page.select_option("#files-state", "bin")
    await ada.file("keys.txt").get_by_role("button", name="Restore").click()
    await page.select_option("#files-state", "")
    await expect(ada.file("keys.txt").locator(".state")).to_have_text("Ready")


async def test_a_folder_keeps_its_tree(ada, tmp_path):
    (tmp_path / "letters" / "old").mkdir(parents=True)
    (tmp_path / "letters" / "old" / "key.txt").write_text(LETTER)
    (tmp_path / "letters" / "door.txt").write_text("The blue door was painted again.")
    await ada.open("#/files")
    await ada.page.set_input_files("#pick-folder", tmp_path / "letters")
    await expect(ada.file("key.txt").locator(".row-meta")).to_contain_text("letters/old")
    await expect(ada.file("door.txt").locator(".state")).to_have_text("Ready")


async def test_an_archive_shows_what_is_in_it_and_a_member_what_it_came_in(ada):
    page = ada.page
    await ada.upload(DATA / "files" / "simple.zip")
    await expect(ada.file("stanley-cups.csv")).to_have_count(0)
    await ada.file("simple.zip").get_by_role("link", name="simple.zip").click()
    await expect(page.locator("#viewer summary")).to_have_text("2 files in it")
    await page.locator("#viewer").get_by_role("link", name="stanley-cups.csv").click()
    await expect(page.locator("#viewer-title")).to_have_text("stanley-cups.csv")
    await page.locator("#viewer").get_by_role("link", name="simple.zip").click()
    await expect(page.locator("#viewer-title")).to_have_text("simple.zip")


async def test_a_reply_goes_on_after_a_reload_and_loads_nothing(ada):
    page = ada.page
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "openai:gpt-4.1-mini")
    reply = await ada.ask("Where does the spare key hang?")
    await expect(reply).to_contain_text("word3")
    await page.reload()
    reply = page.locator(".message.assistant")
    await expect(reply).to_contain_text("word29")
    await expect(reply).not_to_have_attribute("aria-busy", "true")
    text = await reply.locator(".body").inner_text()
    assert re.findall(r"word\d+", text) == [f"word{n}" for n in range(30)]
    assert await reply.locator("img, script, a").count() == 0
    assert "[here](https://evil.example/a)" in text
    await page.reload()
    await expect(page.locator(".message.assistant")).to_have_count(1)


async def test_each_tab_follows_the_replies_of_the_conversation_that_it_shows(ada):
    page = ada.page
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "openai:gpt-4.1-mini")
    await expect(await ada.ask("Where does the spare key hang?")).to_contain_text("word1")
    here = page.url
    second = await page.context.new_page()
    await second.goto(here)
    await expect(second.locator(".message.assistant")).to_contain_text("word1")
    third = await page.context.new_page()
    await third.goto(f"{ada.url}/#/c/new")
    await expect(third.locator("#composer-send")).to_be_visible()
    await expect(third.locator(".message")).to_have_count(0)
    for tab in (page, second):
        await expect(tab.locator(".message.assistant")).to_contain_text("word29")
        await expect(tab.locator(".message.assistant")).to_have_count(1)


async def test_a_reply_stops_when_asked_and_keeps_its_words(ada, vendor, monkeypatch):
    monkeypatch.setattr(vendor, "script", (replace(REPLY, pause_s=1.0),))  # half a minute of it
    page = ada.page
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "openai:gpt-4.1-mini")
    reply = await ada.ask("Where does the spare key hang?")
    await expect(reply).to_contain_text("word3")
    await page.get_by_role("button", name="Stop").click()
    await expect(reply.locator(".notice")).to_contain_text("Stopped")
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
    await expect(reply).not_to_contain_text("word29")


async def test_it_is_all_within_reach_of_the_keyboard(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.upload(text_file("keys.txt", f"{LETTER} So it is written here too."))
    await page.locator("#main").focus()
    await page.keyboard.press("/")
    await expect(page.locator("#search-input")).to_be_focused()
    await page.keyboard.type("boiler room")
    await expect(page.locator(".hit")).to_have_count(2)
    await expect(page).to_have_url(re.compile(r"q=boiler\+room$"))
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".hit").nth(1)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#search-input")).to_be_focused()
    await page.locator(".hit", has_text="keys.txt").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#viewer-title")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#viewer")).to_be_hidden()
    await expect(page.locator(".hit", has_text="keys.txt")).to_be_focused()
    await expect(page).to_have_url(re.compile("#/search\\?q=boiler"))
    await page.keyboard.press("Escape")
    await expect(page.locator("#search-input")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#search-input")).to_have_value("")


async def test_signing_out_leaves_nothing_on_the_screen(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.open("#/c")
    await expect(page.locator("#conversations")).to_contain_text("Keys")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#signin")).to_be_visible()
    assert "Keys" not in await page.content()
    await page.go_back()
    await expect(page.locator("#app")).to_be_hidden()


async def test_on_a_narrow_screen_the_list_and_a_conversation_take_turns(ada):
    page = ada.page
    await page.set_viewport_size({"width": 390, "height": 740})
    await ada.say(LETTER, title="Keys")
    await page.get_by_role("link", name="Chat").click()
    await page.locator("#conversations a").click()
    await expect(page.locator(".message")).to_contain_text(LETTER)
    await expect(page.locator("#conversations")).to_be_hidden()
    await page.get_by_role("link", name="All conversations").click()
    await expect(page.locator("#conversations")).to_be_visible()
    await expect(page.locator("#messages")).to_be_hidden()


@pytest.mark.parametrize("width", [1280, 360])
async def test_nothing_sticks_out_at_the_side(ada, width):
    page = ada.page
    await page.set_viewport_size({"width": width, "height": 740})
    await ada.upload(text_file(f"{'long' * 40}.txt", f"{LETTER} {'x' * 3000}"))
    conversation_id, _ = await ada.say("y" * 3000, title="z" * 300)
    for address in ("#/search?q=boiler", "#/files", "#/c", f"#/c/{conversation_id}"):
        await ada.open(address)
        await page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
        await page.wait_for_timeout(200)
        wide = await page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right"
            " > innerWidth + 1 && getComputedStyle(e).position !== 'absolute').map(e => e.outerHTML.slice(0, 90))"
        )
        assert wide == [], address


async def test_a_conversation_is_named_renamed_deleted_and_restored(ada):
    page = ada.page
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "nobody")
    await page.fill("#composer-text", LETTER)
    await page.keyboard.press("Enter")
    await expect(page.locator("#chat-title")).to_contain_text("The spare key")

    async def answer(dialog: Dialog) -> None:
        await dialog.accept("Keys of the house")

    page.once("dialog", answer)
    await page.locator("#chat-more summary").click()
    await page.get_by_role("button", name="Rename").click()
    await expect(page.locator("#chat-title")).to_have_text("Keys of the house")
    await page.locator("#chat-more summary").click()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.locator("#conversations")).not_to_contain_text("Keys of the house")
    await page.get_by_role("button", name="Restore").click()
    await expect(page.locator("#chat-title")).to_have_text("Keys of the house")
    await expect(page.locator(".message")).to_contain_text(LETTER)


async def test_who_writes_before_the_list_has_come_is_not_sent_away(ada):
    page, listed = ada.page, asyncio.Event()

    async def late(route: Route) -> None:
        await listed.wait()
        await route.continue_()

    await page.route(re.compile(r"/api/v1/conversations\?"), late)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "nobody")
    await page.fill("#composer-text", LETTER)
    await page.keyboard.press("Enter")
    await expect(page.locator(".message")).to_contain_text(LETTER)
    listed.set()
    await expect(page.locator("#conversations a")).to_have_count(1)
    await expect(page.locator(".message .message-tools")).to_be_visible()
