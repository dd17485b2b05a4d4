"""How a reply came about, by the page: the question and its wording, what was found, what today's index would give."""

from playwright.async_api import expect

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."
QUESTION = "Where does the spare key hang?"


async def test_how_a_reply_came_about_is_told_and_searched_for_again(ada):
    page = ada.page
    _, letter = await ada.say(LETTER, title="Keys")
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    reply = await ada.ask(QUESTION)
    button = reply.get_by_role("button", name="How this came about")
    await button.focus()
    await page.keyboard.press("Enter")
    panel = reply.get_by_role("region", name="How this came about")
    await expect(panel.locator("dd").nth(0)).to_have_text(QUESTION)
    await expect(panel.locator("dd").nth(2)).to_have_text(
        "everything · words and meaning · 5 passages"
    )
    await expect(panel).to_contain_text("Written by")
    await expect(panel).to_contain_text("extractive")
    found = panel.get_by_role("group", name="What was found, best first")
    given = found.get_by_role("row").filter(has=page.get_by_role("link", name="Keys"))
    await expect(given.get_by_role("cell").first).to_have_text("1")
    await expect(given.get_by_role("cell").last).to_have_text("given")

    again = panel.get_by_role("button", name="Search again on today's index")
    await again.focus()
    await page.keyboard.press("Enter")
    await expect(panel.get_by_role("status")).to_contain_text("the same passages today")
    await ada.call(f"/messages/{letter}", "DELETE")
    await ada.say("A spare key hangs on a nail in the shed.", title="Shed")
    await again.click()
    today = panel.get_by_role("group", name="What the model would be given today")
    await expect(today.get_by_role("row").filter(has_text="Shed")).to_have_text("newShed\u20131")
    await given.get_by_role("link").click()
    await expect(page.locator("#chat-title")).to_have_text("Keys")


async def test_a_trace_that_is_not_kept_is_said_so_and_the_button_closes_it(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.open("#/c/new")
    await page.select_option("#composer-model", "extractive")
    reply = await ada.ask(QUESTION)
    await page.route("**/trace", lambda route: route.fulfill(status=404, json={}))
    button = reply.get_by_role("button", name="How this came about")
    await button.click()
    panel = reply.get_by_role("region", name="How this came about")
    await expect(panel).to_have_text("Nothing is kept of how this came about.")
    await button.click()
    await expect(panel).to_have_count(0)
    await expect(button).to_have_attribute("aria-expanded", "false")
