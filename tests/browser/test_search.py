"""The search view: completions, chips, facets, corrections, what is told about a hit, saved searches, and the keys."""

import re
from collections.abc import Callable
from uuid import UUID

from playwright.async_api import Locator, Page, Response, expect

from search.statistics import refresh
from tests.browser.person import Person, text_file

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."
TAKEN_BACK = """async () => {
  const { api } = await import('/api.js'), stop = new AbortController(), real = window.fetch;
  const endless = { start: (body) => stop.signal.addEventListener('abort', () => body.error(stop.signal.reason)) };
  window.fetch = async () => new Response(new ReadableStream(endless));
  try {
    setTimeout(() => stop.abort());
    return await api('/search', { signal: stop.signal });
  } catch (error) {
    return error.name;
  } finally {
    window.fetch = real;
  }
}"""
OPERATORS = "async ([name, ...given]) => (await import('/operators.js'))[name](...given)"


def option(page: Page, text: str) -> Locator:
    return page.get_by_role("option").filter(has=page.get_by_text(text, exact=True))


async def typed(person: Person, text: str) -> None:
    await person.page.fill("#search-input", "")
    await person.page.keyboard.type(text)


async def test_operators_are_found_put_in_and_taken_out_as_the_parser_reads_them(ada):
    ada_from = {"op": "from", "value": "ada"}
    keys_out = {"op": "in", "value": "Old keys", "negated": True}
    week = {"op": "during", "value": "last week"}
    for call, result in (
        (["withoutFilter", "key from:ada door", ada_from], "key door"),
        (["withoutFilter", "key FROM:“ada”", ada_from], "key"),
        (["withoutFilter", 'a -in:"Old keys" in:"Old keys"', keys_out], 'a in:"Old keys"'),
        (["withoutFilter", '"from:ada" -from:ada', ada_from], '"from:ada" -from:ada'),
        (["withFilter", "key ", keys_out], 'key -in:"Old keys"'),
        (["withFilter", "", {"op": "name", "value": 'the "new" plan.pdf'}], "name:plan.pdf"),
        (["withDate", "a on:today last:7d -on:2026", week], 'a -on:2026 during:"last week"'),
        (["withDate", "a after:2026-01 on:today", {"op": "before", "value": "2026-03"}], "a after:2026-01 before:2026-03"),
        (["withDate", "a before:2026-03", {"op": "before", "value": ""}], "a"),
        (["withQuoted", "-Bioler, name:bioler bioler, “bioler”", ["bioler"]], '-Bioler, name:bioler "bioler", "bioler"'),
        (["dateIn", "a -after:2025 after:2026", "after"], "2026"),
        (["hasFilter", "(key from:Ada)", ada_from], False),
        (["hasFilter", "(key from:ada)", ada_from], True),
    ):  # fmt: skip
        assert await ada.page.evaluate(OPERATORS, call) == result, call


async def test_a_question_taken_back_while_its_answer_comes_is_no_failure(ada):
    """Bug: half an answer was taken for an empty one, and the page showed an error where it should have been empty."""
    assert await ada.page.evaluate(TAKEN_BACK) == "AbortError"


async def test_what_is_typed_is_completed_by_keyboard_and_by_mouse(ada):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say(LETTER, title="Boiler keys")
    await typed(ada, "decided boil")
    await expect(option(page, "Boiler keys")).to_be_visible()
    await expect(box).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await expect(box).to_have_value("decided boil")
    await page.keyboard.type("e")
    await option(page, "boiler").click()
    await expect(box).to_have_value("decided boiler ")
    await expect(box).to_be_focused()
    await expect(page.locator(".hit mark").first).to_have_text("boiler")

    await typed(ada, "key fr")
    await expect(option(page, "from:")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(box).to_have_value("key from:")
    await expect(option(page, "me")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    active = await option(page, "me").get_attribute("id")
    await expect(box).to_have_attribute("aria-activedescendant", active)
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("key from:me ")
    await expect(page.locator(".hit")).to_have_count(1)


async def test_filters_are_chips_that_can_be_taken_out(ada):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say(LETTER, title="Old keys")
    await ada.open("#/search?q=" + 'boiler in:"Old keys" -ext:pdf from:nobody'.replace(" ", "%20"))
    chips = page.get_by_role("list", name="Filters").locator("li")
    await expect(chips).to_have_text(["in Old keys", "not ext pdf", "from nobody"])
    await page.get_by_role("button", name="Remove from:nobody").click()
    await expect(box).to_have_value('boiler in:"Old keys" -ext:pdf')
    await expect(page.locator(".hit")).to_have_count(1)
    await page.get_by_role("button", name="Remove -ext:pdf").click()
    await expect(chips).to_have_text(["in Old keys"])
    await typed(ada, "")
    await expect(chips).to_have_count(0)


async def test_shortcuts_put_a_date_a_person_or_a_format_into_the_query(ada):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say(LETTER)
    await ada.upload(text_file("keys.txt", f"{LETTER} So it is written here too."))
    await ada.open("#/search?q=boiler")
    await page.get_by_text("When", exact=True).click()
    await page.get_by_role("button", name="Last 7 days").click()
    await expect(box).to_have_value("boiler last:7d")
    await expect(page.locator(".hit")).to_have_count(2)
    await page.get_by_text("When", exact=True).click()
    await page.get_by_label("Before", exact=True).fill("2020-03-01")
    await expect(box).to_have_value("boiler before:2020-03-01")
    await expect(page.locator("#search-status")).to_contain_text("Nothing found")
    await page.keyboard.press("Escape")
    await expect(page.locator("#when-days")).to_be_hidden()
    await page.get_by_role("button", name="Remove before:2020-03-01").click()
    await page.get_by_role("button", name="Format").click()
    await option(page, "txt").click()
    await expect(box).to_have_value("boiler ext:txt ")
    await expect(page.locator(".hit")).to_have_count(1)


async def test_facets_narrow_and_are_pressed_again_to_widen(ada):
    page, box = ada.page, ada.page.locator("#search-input")
    for place in ("Keys", "Doors"):
        await ada.say(f"{place}: {LETTER}", title=place)
    await ada.upload(text_file("keys.txt", f"{LETTER} So it is written here too."))
    await ada.open("#/search?q=boiler")
    place = page.get_by_role("region", name="Where").get_by_role("button")
    kind = page.get_by_role("region", name="Kind").get_by_role("button")
    await expect(place).to_have_text(["Doors1", "Keys1"])
    await expect(kind).to_have_text(["Messages2", "Files1"])
    await expect(page.get_by_role("region", name="Language")).to_have_count(0)
    await place.nth(1).click()
    await expect(box).to_have_value("boiler in:Keys")
    await expect(page.locator(".hit")).to_have_count(1)
    await expect(place).to_have_text(["Keys1"])
    await expect(place).to_have_attribute("aria-pressed", "true")
    await place.click()
    await expect(box).to_have_value("boiler")
    await expect(kind).to_have_count(2)
    await page.set_viewport_size({"width": 360, "height": 740})
    await expect(kind.first).to_be_hidden()
    await page.get_by_text("Narrow down").click()
    await expect(kind.first).to_be_in_viewport()


async def test_hits_can_be_ordered_and_grouped(ada):
    page = ada.page
    conversation_id, _ = await ada.say(f"First. {LETTER}", title="Keys")
    await ada.call(
        f"/conversations/{conversation_id}/messages", "POST", {"content": f"Second. {LETTER}"}
    )
    await ada.open("#/search?q=boiler&sort=oldest")
    await expect(page.locator(".hit .snippet")).to_have_text(
        [re.compile("First"), re.compile("Second")]
    )
    await page.get_by_label("Order").select_option("newest")
    await expect(page.locator(".hit .snippet").first).to_contain_text("Second")
    await page.get_by_label("Order").select_option("recent")
    await expect(page).to_have_url(re.compile("recency=3$"))
    await page.reload()
    await page.get_by_role("button", name="Why this?").first.click()
    await expect(page.locator(".explain tbody th")).to_contain_text(["How new it is"])
    await expect(page.get_by_label("Order")).to_have_value("recent")
    await page.get_by_label("Order").select_option("newest")
    await page.get_by_label("Group").select_option("conversation")
    await expect(page.locator(".hit")).to_have_count(1)
    await expect(page).to_have_url(re.compile("sort=newest&group_by=conversation$"))


async def test_the_best_hits_are_read_again_where_a_model_is_there_for_it(ada):
    page = ada.page
    await ada.say("Boiler key", title="Short")
    await ada.say(LETTER, title="Long")
    await ada.open("#/search?q=keys%20of%20boilers&sort=oldest")
    await expect(page.locator(".hit strong")).to_have_text(["Short", "Long"])
    await page.get_by_label("Order").select_option("relevance")
    await page.get_by_label("Reading").select_option("Best ones read again")
    await expect(page).to_have_url(re.compile("rerank=true$"))
    await expect(page.locator(".hit strong")).to_have_text(["Long", "Short"])


async def test_the_keys_j_k_move_among_hits_and_the_question_mark_lists_all(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.upload(text_file("keys.txt", f"{LETTER} So it is written here too."))
    await ada.open("#/search?q=boiler")
    hits = page.locator(".hit")
    await expect(hits).to_have_count(2)
    await page.locator("#main").focus()
    for key, at in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        await page.keyboard.press(key)
        await expect(hits.nth(at)).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("k")
    await expect(page.locator("#search-input")).not_to_be_focused()


async def test_thumbs_and_clicks_are_noted_until_the_person_says_no(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.open("#/search?q=boiler")
    good, bad = page.get_by_label("A good result"), page.get_by_label("A bad result")
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await expect(good).to_have_attribute("aria-pressed", "false")
    assert (await ada.call("/search/feedback"))["kept"] == 1
    await bad.click()
    await expect(bad).to_have_attribute("aria-pressed", "false")
    assert (await ada.call("/search/feedback"))["kept"] == 0
    async with page.expect_response(re.compile(r"/search/feedback\?")) as noted:
        await page.locator(".hit").click()
    assert await (await noted.value).json() == {"recorded": True}

    await ada.open("#/search")
    await page.fill("#search-input", "")
    await page.get_by_role("button", name="Do not note it").click()
    await expect(page.get_by_role("button", name="Note it", exact=True)).to_be_visible()
    await typed(ada, "boiler")
    await expect(page.locator(".hit")).to_be_visible()
    await expect(good).to_have_count(0)


async def test_a_misspelt_word_is_put_right_said_and_taken_back(ada, resources):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say(LETTER, title="Keys")
    here = UUID((await ada.call("/auth/me"))["workspace_id"])
    async with resources.worker.tenant_tx(here) as conn:
        await refresh(conn, here)
    await ada.open("#/search?q=bioler%20decided")
    await expect(page.locator(".correction")).to_contain_text(
        "Searched for boiler decided instead."
    )
    await expect(page.locator(".hit mark").first).to_have_text("boiler")
    await page.get_by_role("button", name="as typed").click()
    await expect(box).to_have_value('"bioler" decided')
    await expect(page.locator("#search-status")).to_contain_text("Nothing found")
    await expect(page.locator(".correction")).to_have_count(0)


async def test_a_rare_word_that_may_be_a_slip_is_asked_about(ada, resources, owner_connection):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say("The bioler is loud.", title="Keys")
    here = UUID((await ada.call("/auth/me"))["workspace_id"])
    await owner_connection.execute(
        "INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at, text_hash, lexeme_count, tsv)"
        " SELECT $1, gen_random_uuid(), p.item_id, p.build_id, p.message_id, n, p.span_start, p.span_end, now(), decode(md5(n::text), 'hex'), 1, 'boiler:1'"
        " FROM passage p CROSS JOIN generate_series(1, 60) n WHERE p.workspace_id = $1", here,
    )  # fmt: skip
    async with resources.worker.tenant_tx(here) as conn:
        await refresh(conn, here)
    await ada.open("#/search?q=bioler")
    await expect(page.locator(".hit mark").first).to_have_text("bioler")
    await expect(page.locator(".correction")).to_have_text("Did you mean boiler?")
    await page.get_by_role("button", name="boiler", exact=True).click()
    await expect(box).to_have_value("boiler")


async def test_a_search_is_saved_tells_what_it_newly_finds_and_is_forgotten(ada):
    page = ada.page
    await ada.open("#/search?q=boiler&type=message")
    await page.locator("#saved summary").click()
    await page.get_by_role("button", name="Save this search").click()
    saved = page.get_by_role("list", name="Saved searches")
    await expect(saved.get_by_role("button", name="boiler", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")

    await ada.say(LETTER, title="Keys")
    await expect(page.locator("#toast")).to_contain_text("New for “boiler”: Keys")
    await expect(page.locator("#bell-unread")).to_have_text("1 unread")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("#alerts a")).to_contain_text("Keys")
    await expect(page.locator("#bell-unread")).to_be_hidden()
    await page.keyboard.press("Escape")
    await page.locator("#saved summary").click()
    await page.get_by_label("New matches of boiler").click()
    await expect(page.get_by_label("New matches of boiler")).to_have_attribute(
        "aria-pressed", "false"
    )
    await page.keyboard.press("Escape")
    await ada.open("#/search?q=chairs&type=")
    await page.locator("#saved summary").click()
    await saved.get_by_role("button", name="boiler", exact=True).click()
    await expect(page).to_have_url(re.compile("q=boiler&type=message$"))
    await page.locator("#saved summary").click()
    await page.get_by_label("Forget boiler").click()
    await expect(saved).to_contain_text("A saved search tells you")


async def test_a_saved_search_gets_a_webhook_whose_secret_is_shown_once(ada, owner_connection):
    page = ada.page
    await ada.call("/saved-searches", "POST", {"q": "boiler"})
    dialog = page.get_by_role("dialog", name="Webhook of “boiler”")
    button = page.get_by_role("button", name="Webhook of boiler")
    await page.locator("#saved summary").click()
    await expect(button).to_have_attribute("aria-pressed", "false")
    await button.click()
    await dialog.get_by_label("Address").fill("https://hooks.example.org/found")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("The secret")).to_have_value(re.compile("^whsec_"))
    await page.keyboard.press("Escape")
    await owner_connection.execute(
        "UPDATE saved_search SET webhook_failing_since = now(), webhook_reason = 'It answered 500.'"
    )
    await page.locator("#saved summary").click()
    await expect(button).to_have_attribute("title", "Its webhook is failing")
    await button.click()
    await expect(dialog.get_by_label("The secret")).to_be_hidden()
    await expect(dialog.locator(".state")).to_contain_text("Failing since")
    await expect(dialog).to_contain_text("It answered 500.")
    await dialog.get_by_role("button", name="Delete").click()
    await expect(dialog.get_by_role("list")).to_have_text("None yet.")
    assert (await ada.call("/saved-searches"))["items"][0]["webhook"] is None


async def test_all_workspaces_are_searched_as_one_and_a_hit_opens_in_its_own(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    team = await ada.call("/workspaces", "POST", {"name": "Research"})
    here = f"?workspace={team['id']}"
    talk = await ada.call(f"/conversations{here}", "POST", {"title": "Team keys"})
    path = f"/conversations/{talk['id']}/messages{here}"
    await ada.call(path, "POST", {"content": f"For the team: {LETTER}"})
    await page.reload()
    await typed(ada, "boiler")
    await expect(page.locator(".hit strong")).to_have_text("Keys")
    await page.locator("[name=workspace]").select_option("all")
    await expect(page.locator(".hit")).to_have_count(2)
    hit = page.locator("#search-hits > li", has_text="Team keys")
    await hit.get_by_label("A good result").click()
    await expect(hit.get_by_label("A good result")).to_have_attribute("aria-pressed", "true")
    await hit.locator(".hit").click()
    await expect(page.locator(".message.found")).to_contain_text("For the team")
    await expect(page.get_by_label("Workspace", exact=True)).to_have_value(team["id"])
    await page.reload()
    await expect(page.locator(".message.found")).to_contain_text("For the team")
    await page.get_by_label("Workspace", exact=True).select_option("My own")
    await expect(page).to_have_url(re.compile("#/c$"))
    await expect(page.locator("#conversations")).to_contain_text("Keys")
    await expect(page.locator("#conversations")).not_to_contain_text("Team")


def is_noted(q: str) -> Callable[[Response], bool]:
    return lambda answer: (
        answer.url.endswith("/search/recent") and answer.request.post_data_json == {"q": q}
    )


async def test_what_was_searched_for_is_offered_in_the_empty_box(ada):
    page, box = ada.page, ada.page.locator("#search-input")
    await ada.say(LETTER, title="Keys")
    await typed(ada, "grace")
    await expect(page.locator(".hit")).to_have_count(1)
    await expect(page.locator("#recent-switch")).to_contain_text("kept for you alone")
    async with page.expect_response(is_noted("grace")) as noted:
        await page.locator(".hit").click()
    assert await (await noted.value).json() == {"recorded": True}
    await ada.open("#/search")
    await typed(ada, "boiler door")
    async with page.expect_response(is_noted("boiler door")):
        await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(box).to_have_value("")
    await page.keyboard.press("ArrowDown")
    offered = page.get_by_role("option").locator(".one-line")
    await expect(offered).to_have_text(["boiler door", "grace"])
    await page.keyboard.type("boi")
    await expect(option(page, "boiler")).to_be_visible()
    await expect(offered.first).to_have_text("boiler door")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("boiler door")
    await expect(page.locator(".hit")).to_have_count(1)


async def test_what_was_searched_for_is_forgotten_and_kept_no_more(ada):
    page = ada.page
    await ada.call("/search/recent", "POST", {"q": "boiler door"})
    await page.reload()
    await page.get_by_role("button", name="Forget it").click()
    await expect(page.get_by_role("button", name="Forget it")).to_have_count(0)
    assert (await ada.call("/search/recent"))["items"] == []
    await page.get_by_role("button", name="Do not keep it").click()
    await expect(page.locator("#recent-switch")).to_contain_text("is not kept")
    assert (await ada.call("/search/recent"))["is_kept"] is False
