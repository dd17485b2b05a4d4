"""What a hit tells and leads to: its surroundings, its reasons, its equals, what comes after it and what is missing."""

import json
import re

import pytest
from playwright.async_api import Route, expect

from search.terms import LANGUAGES

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."


async def test_the_messages_around_a_hit_are_shown_when_asked_for(ada):
    page = ada.page
    conversation_id, _ = await ada.say("Where is the key?", title="Keys")
    for content in (LETTER, "Thank you, Grace."):
        path = f"/conversations/{conversation_id}/messages"
        await ada.call(path, "POST", {"content": content})
    await ada.open("#/search?q=boiler&mode=lexical")
    await page.get_by_role("button", name="Around it").click()
    around = page.locator(".around > li")
    await expect(around.locator(".written")).to_have_text(
        ["Where is the key?", LETTER, "Thank you, Grace."]
    )
    await expect(around.nth(1).locator("mark")).to_have_text("boiler")
    await around.nth(2).get_by_role("link").click()
    await expect(page.locator(".message.found")).to_contain_text("Thank you")
    await page.go_back()
    await expect(page.locator(".hit")).to_have_count(1)


async def test_a_hit_says_why_it_is_there(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.open("#/search?q=boiler%20from:me")
    await page.get_by_role("button", name="Why this?").click()
    legs, terms = (page.locator(".explain table").nth(n) for n in (0, 1))
    await expect(legs.locator("tbody th")).to_have_text(["Words", "Name", "Meaning"])
    score = await legs.locator("tfoot td").last.inner_text()
    adds = await legs.locator("tbody td:last-child").all_inner_texts()
    assert sum(map(float, adds)) == pytest.approx(float(score), abs=0.02)
    await expect(terms.locator("tbody tr")).to_contain_text(["boiler"])
    await expect(page.locator(".hit-panel code")).to_have_text("from:me")
    await page.get_by_role("button", name="Around it").click()
    await expect(page.locator(".explain")).to_have_count(0)
    await expect(page.locator(".hit-panel")).to_contain_text("no other message")


async def test_more_hits_go_on_with_the_list_and_say_why_they_are_there(ada):
    page, hits = ada.page, ada.page.locator(".hit")
    for n in range(21):
        await ada.say(f"{LETTER} So says number {n}.", title=f"Keys {n}")
    await ada.open("#/search?q=boiler&mode=lexical")
    await expect(hits).to_have_count(20)
    await page.get_by_role("button", name="Show more").click()
    await expect(hits).to_have_count(21)
    await expect(hits.last).to_be_focused()
    last = page.locator("#search-hits > li").last
    await last.get_by_role("button", name="Around it").click()
    await expect(last.locator(".hit-panel")).to_contain_text("no other message")
    await last.get_by_role("button", name="Why this?").click()
    await expect(last.locator(".explain tbody th").first).to_have_text("Words")


async def test_hits_stay_when_more_of_them_cannot_be_had(ada):
    """Bug: a failed "Show more" took away what was there."""
    page, hits = ada.page, ada.page.locator(".hit")
    for n in range(21):
        await ada.say(f"{LETTER} So says number {n}.", title=f"Keys {n}")
    await ada.open("#/search?q=boiler&mode=lexical")
    await expect(hits).to_have_count(20)
    await page.route(re.compile("cursor="), lambda route: route.abort())
    await page.get_by_role("button", name="Show more").click()
    await expect(page.locator("#search-more-failed")).to_contain_text("does not answer")
    await expect(hits).to_have_count(20)
    await page.unroute(re.compile("cursor="))
    await page.get_by_role("button", name="Show more").click()
    await expect(hits).to_have_count(21)
    await expect(page.locator("#search-more-failed")).to_be_empty()


async def test_what_is_missing_from_the_results_is_explained(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")
    await ada.say("Nothing of the sort.", title="Garden chairs")
    await ada.open("#/search?q=boiler&mode=lexical")
    await page.get_by_text("Something missing?").click()
    await page.get_by_label("It is called").fill("chairs")
    await page.get_by_role("button", name="Garden chairs").click()
    told = "Garden chairs: It holds none of the words. Search with words that it holds."
    await expect(page.locator("#missing-answer")).to_have_text(told)
    await page.get_by_label("It is called").fill("no such thing")
    await expect(page.locator("#missing-answer")).to_contain_text("Nothing of that name")


async def test_a_missing_message_is_named_by_its_words_or_its_link(ada):
    page, answer = ada.page, ada.page.locator("#missing-answer")
    talk, message = await ada.say("Nothing of the sort.", title="Garden chairs")
    await ada.say(LETTER, title="Keys")
    await ada.open("#/search?q=boiler&mode=lexical")
    await page.get_by_text("Something missing?").click()
    await page.get_by_label("It is called").fill("sort")
    await page.get_by_role("button", name="Nothing of the sort. message of Ada").click()
    await expect(answer).to_contain_text("“Nothing of the sort.”: It holds none of the words.")
    await page.get_by_label("It is called").fill(f"{ada.url}/#/c/{talk}?m={message}")
    await expect(answer).to_contain_text("Garden chairs: It holds none of the words.")
    await page.get_by_label("It is called").fill(f"{message[:-4]}0000")
    await expect(answer).to_contain_text("No such message")


async def test_what_is_missing_in_all_workspaces_is_asked_of_one(ada):
    """Bug: why-not was asked of the workspace "all", and the page said that there is nothing."""
    page, answer = ada.page, ada.page.locator("#missing-answer")
    await ada.say(LETTER, title="Keys")
    team = await ada.call("/workspaces", "POST", {"name": "Research"})
    here = f"?workspace={team['id']}"
    talk = await ada.call(f"/conversations{here}", "POST", {"title": "Team chairs"})
    path = f"/conversations/{talk['id']}/messages{here}"
    message = await ada.call(path, "POST", {"content": "They are in the garden."})
    await page.reload()
    await ada.open("#/search?q=boiler&mode=lexical&workspace=all")
    await expect(page.locator(".hit")).to_have_count(1)
    await page.get_by_text("Something missing?").click()
    await page.get_by_label("It is called").fill("chairs")
    await expect(answer).to_contain_text("Nothing of that name")
    await page.get_by_label("It is in").select_option("Research")
    await page.get_by_role("button", name="Team chairs").click()
    told = "Team chairs: It holds none of the words. Search with words that it holds. (Asked of Research alone.)"
    await expect(answer).to_have_text(told)
    link = f"#/c/{talk['id']}?m={message['id']}&workspace={team['id']}"
    await page.locator("[name=workspace]").select_option("This workspace")
    await expect(page.locator("#missing")).not_to_have_attribute("open", "")
    await page.get_by_text("Something missing?").click()
    await page.get_by_label("It is called").fill(link)
    await expect(answer).to_contain_text("in another workspace")


async def test_a_hit_leads_to_the_same_text_elsewhere(ada):
    page = ada.page
    for title in ("Keys", "Doors"):
        await ada.say(LETTER, title=title)
    await ada.open("#/search?q=boiler&mode=lexical")
    await expect(page.locator(".hit")).to_have_count(1)
    shown = await page.locator(".hit strong").inner_text()
    other = {"Keys": "Doors", "Doors": "Keys"}[shown]
    await page.get_by_role("button", name="Also in 1 more").click()
    await page.locator(".hit-panel").get_by_role("link", name=other).click()
    await expect(page.locator("#chat-title")).to_have_text(other)
    await expect(page.locator(".message.found")).to_contain_text(LETTER)


async def test_a_hit_leads_to_where_it_is_said_again_in_its_conversation(ada):
    page = ada.page
    talk, first = await ada.say(LETTER, title="Keys")
    again = await ada.call(f"/conversations/{talk}/messages", "POST", {"content": LETTER})
    await ada.open("#/search?q=boiler&mode=lexical")
    await expect(page.locator(".hit")).to_have_count(1)
    shown = await page.locator(".hit").get_attribute("href")
    other = again["id"] if first in shown else first
    await page.get_by_role("button", name="Also in 1 more").click()
    link = page.locator(".hit-panel").get_by_role("link", name="Keys")
    await expect(link).to_have_attribute("href", re.compile(f"m={other}"))
    await link.click()
    await expect(page.locator(".message.found")).to_contain_text(LETTER)


async def test_more_like_a_hit_is_one_press_away_and_its_chip_says_its_title(ada):
    page, hits = ada.page, ada.page.locator(".hit strong")
    await ada.say(LETTER, title="Keys")
    await ada.say("Who has painted the boiler room and its door?", title="Paint")
    await ada.open("#/search?q=decided&mode=lexical")
    await expect(hits).to_have_text(["Keys"])
    await page.get_by_role("button", name="More like this").click()
    await expect(hits).to_have_text(["Paint"])
    chips = page.get_by_role("list", name="Filters").locator("li")
    await expect(chips).to_have_text(["like Keys"])
    await page.get_by_role("button", name=re.compile("^Remove like:")).click()
    await expect(page.locator("#search-input")).to_have_value("")


async def test_the_language_of_a_query_can_be_said_and_is_saved_with_it(ada):
    page = ada.page
    listed = await page.evaluate("async () => (await import('/languages.js')).LANGUAGES")
    assert tuple(listed) == LANGUAGES
    await ada.say("Die Schlüssel hängen an der Tür.", title="Keys")
    await ada.open("#/search?q=t%C3%BCren&mode=lexical")
    language = page.locator("#search-form [name=lang]")
    async with page.expect_response(re.compile("/search[?].*lang=de")) as answered:
        await language.select_option("de")
    assert (await (await answered.value).json())["query"]["lang"] == "de"
    await expect(page).to_have_url(re.compile("lang=de"))
    await page.locator("#saved summary").click()
    await page.get_by_role("button", name="Save this search").click()
    saved = page.get_by_role("list", name="Saved searches").get_by_role("button", name="türen", exact=True)  # fmt: skip
    await expect(saved).to_be_visible()
    await page.keyboard.press("Escape")
    await ada.open("#/search?q=door&lang=")
    await expect(language).to_have_value("")
    await page.locator("#saved summary").click()
    await saved.click()
    await expect(language).to_have_value("de")


async def test_a_list_that_may_lack_something_near_says_so_and_can_be_had_whole(ada):
    page = ada.page
    await ada.say(LETTER, title="Keys")

    async def looked_up(route: Route) -> None:
        """As an index of vectors makes the answer, which is asked where there are thousands."""
        response = await route.fetch()
        answer = await response.json()
        answer["coverage"]["recall"] = "approximate"
        await route.fulfill(response=response, body=json.dumps(answer))

    await page.route(re.compile(r"/search\?(?!.*recall=exact)"), looked_up)
    await ada.open("#/search?q=boiler")
    compare = page.get_by_role("button", name="Compare all")
    await expect(page.locator(".coverage")).to_contain_text("may pass over a few")
    await compare.click()
    await expect(compare).to_have_count(0)
    await expect(page.locator(".hit")).to_have_count(1)
    await expect(page.locator("#search-input")).to_be_focused()
