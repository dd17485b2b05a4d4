"""What goes with a question: files, and how its sources are to be looked for. Kept for the conversation, gone with the person."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser.person import text_file

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."
QUESTION = "Where does the spare key hang?"


async def options(ada):
    await ada.page.locator("#composer-options summary").click()
    return ada.page.get_by_role("group", name="How sources are looked for")


async def last_reply(ada):
    """Return how the latest reply that was asked for looks for its sources, from its trace."""
    conversation = ada.page.url.rpartition("#/c/")[2]
    answer = await ada.call(f"/conversations/{conversation}")
    return (await ada.call(f"/messages/{answer['messages'][-1]['id']}/trace"))["options"]


async def test_how_sources_are_looked_for_is_chosen_by_the_keyboard(ada):
    page = ada.page
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    panel = await options(ada)
    await panel.get_by_label("Match").select_option("lexical")
    await panel.get_by_label("Claims").select_option("required")
    await panel.get_by_label("Passages").fill("90")
    await expect(page.locator("#composer-options summary")).to_have_text("Options (3)")
    only = panel.get_by_label("Only", exact=True)
    await only.fill('type:message -in:"Old talks" hello')
    await expect(panel.get_by_role("status")).to_contain_text("Only operators narrow here")
    await only.fill('type:message -in:"Old talks"')
    await page.keyboard.press("Enter")
    await expect(panel).to_be_hidden()
    await expect(page.locator("#composer-text")).to_be_focused()
    await page.keyboard.type(QUESTION)
    await page.keyboard.press("Enter")
    reply = page.locator(".message.assistant")
    await expect(reply.locator("a.cite")).to_have_count(1)
    await expect(reply.locator(".message-tools")).to_be_visible()
    asked = await last_reply(ada)
    assert {name: asked[name] for name in ("mode", "k", "filters", "citations", "sources")} == {
        "mode": "lexical",
        "k": 20,
        "filters": ["type:message", '-in:"Old talks"'],
        "citations": "required",
        "sources": "everything",
    }


async def test_each_conversation_keeps_its_options_and_another_answer_follows_them(ada):
    page = ada.page
    summary = page.locator("#composer-options summary")
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    panel = await options(ada)
    await panel.get_by_label("Match").select_option("lexical")
    await page.keyboard.press("Escape")
    await page.fill("#composer-text", QUESTION)
    await page.keyboard.press("Enter")
    reply = page.locator(".message.assistant")
    await expect(reply.locator(".message-tools")).to_be_visible()
    here = page.url
    await page.reload()
    await expect(summary).to_have_text("Options (1)")
    await page.get_by_role("button", name="New", exact=True).click()
    await expect(summary).to_have_text("Options")
    await page.goto(here)
    await expect(summary).to_have_text("Options (1)")
    await summary.click()
    await panel.get_by_role("button", name="As usual").click()
    await expect(panel.get_by_label("Match")).to_have_value("hybrid")
    await panel.get_by_label("Sources").select_option("conversation")
    await reply.get_by_role("button", name="Answer again").click()
    await expect(reply).to_contain_text("2/2")
    asked = await last_reply(ada)
    assert (asked["mode"], asked["sources"]) == ("hybrid", "conversation")


async def test_what_was_drafted_and_chosen_goes_with_the_person(ada):
    page = ada.page
    conversation, _ = await ada.say(LETTER)
    await ada.open(f"#/c/{conversation}")
    panel = await options(ada)
    await panel.get_by_label("Only", exact=True).fill("from:Grace")
    await page.keyboard.press("Enter")
    await page.keyboard.type("a secret that nobody is to read")
    await page.set_input_files("#composer-attach", [text_file("secret.txt", LETTER)])
    await expect(page.locator("#composer-files")).to_contain_text("secret.txt")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#signin")).to_be_visible()
    await expect(page.locator("#composer-text")).to_have_value("")
    await expect(page.locator("#composer-files li")).to_have_count(0)
    assert await page.evaluate("localStorage.getItem('recollect.options')") is None


async def test_a_file_goes_with_a_question_which_it_answers_and_opens_from_it(ada):
    page = ada.page
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    names = ["keys.txt", "door.txt", "other.txt"]
    texts = [LETTER, "The blue door was painted again.", "Nothing of use stands here."]
    given = [text_file(name, text) for name, text in zip(names, texts, strict=True)]
    await page.set_input_files("#composer-attach", given)  # pyright: ignore[reportArgumentType]
    chips = page.get_by_role("list", name="Files that go with the message").get_by_role("listitem")
    await expect(chips).to_have_count(3)
    await expect(chips.locator(".state, progress")).to_have_count(0)  # all read
    await page.get_by_role("button", name="Take other.txt out").click()
    await expect(page.locator("#composer-text")).to_be_focused()
    panel = await options(ada)
    await panel.get_by_label("Sources").select_option("files")
    await page.fill("#composer-text", QUESTION)
    await page.keyboard.press("Enter")
    question, reply = page.locator(".message.user"), page.locator(".message.assistant")
    files = question.get_by_role("list", name="Files")
    for _ in range(2):  # as it is sent, and after a reload
        await expect(files.get_by_role("link")).to_have_text(["keys.txt", "door.txt"])
        await expect(reply.locator("a.cite")).to_have_count(1)
        await expect(chips).to_have_count(0)
        await page.reload()
    await files.get_by_role("link", name="keys.txt").click()
    await expect(page.locator("#viewer-title")).to_have_text("keys.txt")
    await page.keyboard.press("Escape")
    await ada.open("#/files")
    await expect(ada.file("door.txt")).to_be_visible()
    await expect(ada.file("other.txt")).to_have_count(0)


async def test_a_file_that_is_there_already_is_attached_by_its_name_and_stays_when_taken_out(ada):
    page = ada.page
    await ada.upload(text_file("keys.txt", LETTER))
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "nobody")
    await page.locator("#composer-add summary").click()
    find = page.get_by_label("From my files")
    await find.fill("nothing")
    await expect(page.locator("#composer-found")).to_have_text("No file of that name.")
    chips = page.locator("#composer-files li")
    for _ in range(2):
        await find.fill("key")
        await page.get_by_role("button", name="keys.txt", exact=True).press("Enter")
        await expect(chips).to_have_count(1)
        await expect(page.locator("#composer-text")).to_be_focused()
        await page.locator("#composer-add summary").click()
    await page.get_by_role("button", name="Take keys.txt out").click()
    await expect(chips).to_have_count(0)
    await page.locator("#composer-add summary").click()
    await find.fill("key")
    await page.get_by_role("button", name="keys.txt", exact=True).click()
    await page.keyboard.type("Look at this")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.user .attached a")).to_have_text("keys.txt")
    assert len((await ada.call("/files"))["items"]) == 1


async def test_a_message_waits_for_its_files_and_says_which_one_was_not_sent(ada):
    page, tries = ada.page, list[str]()
    free = asyncio.Event()

    async def upload(route: Route) -> None:
        tries.append(route.request.headers["x-filename"])
        if len(tries) == 1:  # what another try by itself would not mend
            refused = {"error": {"code": "TOO_LARGE", "message": "It is too large."}}
            await route.fulfill(status=413, json=refused)
        else:
            await free.wait()
            await route.continue_()

    await page.route("**/api/v1/upload", upload)
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "nobody")
    await page.set_input_files("#composer-attach", [text_file("keys.txt", LETTER)])
    chip = page.locator("#composer-files li")
    await expect(chip.get_by_role("alert")).to_have_text("It is too large.")
    await page.fill("#composer-text", "Look at this")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toast")).to_contain_text("keys.txt was not sent")
    await expect(page.locator(".message")).to_have_count(0)
    await chip.get_by_role("button", name="Try again").click()
    await expect(chip.get_by_role("progressbar")).to_be_visible()
    await page.locator("#composer-text").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#composer-send")).to_be_disabled()
    free.set()
    await expect(page.locator(".message.user .attached a")).to_have_text("keys.txt")
    await expect(page.locator("#composer-text")).to_have_value("")


@pytest.mark.parametrize(
    "event",
    ["new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })",
     "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"],
    ids=["pasted", "dropped"],
)  # fmt: skip
async def test_a_picture_that_is_pasted_or_dropped_is_attached_and_taken_out_again(ada, event):
    page = ada.page
    await ada.open("#/c/new")
    await page.locator("#composer-text").evaluate(
        "text => { const data = new DataTransfer();"
        " data.items.add(new File(['x'], 'shot.png', { type: 'image/png' }));"
        f" text.dispatchEvent({event}); }}"
    )
    await expect(page.locator("#composer-files li")).to_contain_text("shot.png")
    await page.get_by_role("button", name="Take shot.png out").click()
    await expect(page.locator("#composer-files li")).to_have_count(0)
