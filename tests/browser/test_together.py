"""Two people in two browsers hold one conversation: each sees the other's words, edits and that he writes, as it happens.

Bob reads it as a member of the workspace, which it is shared with.
"""

import json
import re
from dataclasses import dataclass, replace
from uuid import UUID

import httpx
import pytest
from playwright.async_api import expect

from api.deps import COOKIE
from core.scope import Scope
from tests.browser.conftest import REPLY, watched
from tests.browser.person import Person
from tests.make import make_colleague, make_conversation

LETTER = "The spare key hangs behind the blue door of the boiler room."


@dataclass(frozen=True)
class Both:
    """Ada and Bob look at one conversation of hers, in which she has said something."""

    ada: Person
    bob: Person
    talk: str
    first: str
    scope: Scope


@pytest.fixture
async def both(ada, site, browser, owner_connection):
    me = await ada.call("/auth/me")
    talk, first = await ada.say("Shall we meet on Friday?", title="Friday")
    scope = Scope(UUID(me["id"]), UUID(me["workspace_id"]), "owner")
    bob_scope = await make_colleague(owner_connection, scope, "Bob")
    shared = {"principal": "workspace", "role": "writer"}
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
        yield Both(ada, bob, talk, first, scope)


async def post(person, content):
    """Write a message into the open conversation, for people alone."""
    await person.page.select_option("#composer-model", "nobody")
    await person.page.fill("#composer-text", content)
    await person.page.keyboard.press("Enter")


async def test_two_browsers_show_one_conversation(both):
    ada, bob, first = both.ada, both.bob, both.first
    page = bob.page
    await post(ada, "At noon?")
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
    await post(bob, "Yes, at noon.")
    wanted = ["Shall we meet on Monday?", "At noon?", "Yes, at noon."]
    for each in (ada, bob):
        await expect(each.page.locator(".message .body")).to_have_text(wanted)


async def test_reactions_pins_and_who_has_read_what_follow_without_a_reload(
    both, site, owner_connection
):
    ada, bob = both.ada.page, both.bob.page
    await expect(ada.locator("#chat-here")).to_have_text("Bob is here")
    await expect(bob.locator("#chat-here")).to_have_text("Ada is here")
    await expect(ada.locator(".readers")).to_have_text("Read by Bob")
    await ada.locator(".marks").get_by_label("React", exact=True).click()
    await ada.locator(".marks").get_by_role("button", name="👍").click()
    theirs = bob.locator(".marks").get_by_label("👍 1")
    await expect(theirs).to_have_attribute("aria-pressed", "false")
    await theirs.click()
    await expect(ada.locator(".marks").get_by_label("👍 2")).to_be_visible()
    await ada.locator(".marks").get_by_role("button", name="Pin", exact=True).click()
    await expect(bob.locator(".marks").get_by_role("button", name="Unpin")).to_be_visible()
    await both.ada.call(f"/messages/{both.first}", "PATCH", {"content": "On Monday?"})
    await expect(bob.locator(".message .body")).to_have_text("On Monday?")
    await expect(bob.locator(".marks").get_by_label("👍 2")).to_be_visible()
    await bob.locator(".marks").first.hover()
    await expect(bob.get_by_label("👍 2")).to_have_attribute("title", "Ada, Bob")
    await expect(ada.locator(".message .body")).to_have_text("On Monday?")
    await ada.locator(".marks").get_by_label("👍 2").focus()
    await expect(ada.get_by_label("👍 2")).to_have_attribute("title", "Ada, Bob")
    await post(both.bob, "Gladly.")
    await expect(ada.locator(".message")).to_have_count(2)
    await expect(bob.locator(".message").last.locator(".readers")).to_have_text("Read by Ada")

    carol = await make_colleague(owner_connection, both.scope, "Carol")  # after the page asked who
    token = (await site.app.state.api.sessions.start(carol.account_id, kind="bearer")).token
    headers = {"Authorization": f"Bearer {token}", "X-Workspace": str(carol.workspace_id)}
    async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
        await client.put(f"/api/conversations/{both.talk}/read", json={"seq": 1})
    await expect(ada.locator(".readers").first).to_have_text("Read by Carol")


async def test_the_list_counts_what_is_new_and_a_mention_is_told_at_once(both):
    ada = both.ada.page
    await both.ada.open("#/c/new")
    listed = ada.locator("#conversations a").filter(has_text="Friday")
    await post(both.bob, "Is anybody there?")
    await expect(listed.locator(".badge")).to_have_text("1 unread")
    await post(both.bob, "@Ada, are you?")
    await expect(ada.locator("#toast")).to_contain_text("Bob mentioned you in Friday")
    await expect(listed.locator(".badge")).to_have_text("2 unread")
    await listed.click()
    await expect(ada.locator(".message")).to_have_count(3)
    await expect(listed.locator(".badge")).to_have_count(0)
    await ada.locator("#toast").evaluate("toast => { toast.hidden = true; }")
    async with ada.expect_response(re.compile("/notifications/read")):  # it stands before her eyes
        await post(both.bob, "@Ada, so you are.")
    await expect(ada.locator("#toast")).to_be_hidden()
    await both.bob.call(f"/conversations/{both.talk}", "PATCH", {"title": "Saturday"})
    await expect(ada.locator("#chat-title")).to_have_text("Saturday")
    await expect(ada.locator("#conversations a")).to_contain_text(["Saturday"])


async def test_what_happens_in_one_of_many_conversations_is_seen_within_half_a_minute(
    both, owner_connection
):
    ada = both.ada.page
    for n in range(60):  # the list shows 50, and hears at once of what happens in those
        await make_conversation(owner_connection, both.scope, f"Talk {n}")
    await ada.clock.install()
    await both.ada.open("?#/c/new")
    await expect(ada.locator("#conversations a")).to_have_count(50)
    await expect(ada.locator("#conversations")).not_to_contain_text("Friday")
    await ada.locator("#conversations-more").click()
    await expect(ada.locator("#conversations a")).to_have_count(61)
    last = ada.locator("#conversations a").last
    await expect(last).to_contain_text("Friday")
    await ada.locator("#conversations-q").fill("Talk 1")  # not listed any more, so not heard of
    await expect(ada.locator("#conversations a")).to_have_count(11)
    await ada.locator("#conversations-q").fill("")
    await expect(ada.locator("#conversations a")).to_have_count(50)
    await post(both.bob, "Is anybody there?")
    await expect(both.bob.page.locator(".message")).to_have_count(2)
    await ada.clock.fast_forward(30_000)
    first = ada.locator("#conversations a").first
    await expect(first).to_contain_text("Friday")
    await expect(first.locator(".badge")).to_have_text("1 unread")


async def test_what_is_said_while_a_reply_is_written_is_shown_to_both(both):
    ada, bob = both.ada.page, both.bob.page
    await both.ada.say(LETTER)
    await ada.select_option("#composer-model", "openai:gpt-4.1-mini")
    await ada.fill("#composer-text", "Where does the spare key hang?")
    await ada.keyboard.press("Enter")
    for page in (ada, bob):
        await expect(page.locator(".message.assistant[aria-busy]")).to_contain_text("word1")
    await post(both.bob, "Wait for me.")
    for page in (ada, bob):
        await expect(page.get_by_text("Wait for me.")).to_be_visible()
        await expect(page.locator(".message.assistant")).to_have_count(1)
        await expect(page.locator(".message.assistant .message-tools")).to_be_visible()


async def test_replies_side_by_side_stand_so_before_others_and_after_a_reload(
    both, vendor, monkeypatch
):
    monkeypatch.setattr(vendor, "script", (replace(REPLY, pause_s=1.0),))  # half a minute of it
    ada, bob = both.ada.page, both.bob.page
    await both.ada.say(LETTER)
    await ada.select_option("#composer-model", "openai:gpt-4.1-mini")
    await ada.get_by_text("and others").click()
    await ada.get_by_role("checkbox", name="extracts, word for word").check()
    await ada.fill("#composer-text", "Where does the spare key hang?")
    await ada.keyboard.press("Enter")
    for page in (ada, bob):
        await expect(page.locator(".beside .message")).to_have_count(2)
        await expect(page.locator(".beside")).to_contain_text("blue door")
    await bob.locator(".beside .message").first.focus()
    await bob.keyboard.press("ArrowRight")
    await expect(bob.locator(".beside .message").last).to_be_focused()
    await bob.reload()
    await expect(bob.locator(".beside [aria-busy]")).to_contain_text("word0")
    await expect(bob.locator(".beside .message")).to_have_count(2)
    await ada.get_by_role("button", name="Stop", exact=True).click()
    for page in (ada, bob):
        await expect(page.locator(".beside .notice")).to_contain_text("Stopped")


async def test_another_window_of_the_same_person_follows_to_the_new_reply(both, site):
    first = both.ada.page
    await both.ada.say(LETTER)
    await first.fill("#composer-text", "Where does the spare key hang?")
    await first.keyboard.press("Enter")
    await expect(first.locator(".message.assistant .message-tools")).to_be_visible()
    second = await first.context.new_page()
    await second.goto(f"{site.url}/#/c/{both.talk}")
    await expect(second.locator(".message.assistant .message-tools")).to_be_visible()
    await first.get_by_role("button", name="Answer again").click()
    for page in (second, first):
        await expect(page.locator(".message.assistant .versions")).to_contain_text("2/2")
        await expect(page.locator(".message")).to_have_count(3)


async def test_where_no_socket_works_events_tell_the_same(both):
    bob = both.bob.page
    await bob.route_web_socket(re.compile("/realtime"), lambda line: line.close())
    async with bob.expect_request(re.compile(f"/events.*{both.talk}")):
        await bob.reload()
    await post(both.ada, "Do you hear me?")
    await expect(bob.locator(".message")).to_have_count(2)
    await both.ada.call(f"/messages/{both.first}/pin", "PUT")
    await expect(bob.locator(".marks").get_by_role("button", name="Unpin")).to_be_visible()


async def test_what_is_not_to_be_seen_any_more_is_not_watched_any_more(both):
    bob, topic = both.bob.page, f"conversation:{both.talk}"
    await both.bob.say("A note of my own", title="Notes")
    async with bob.expect_websocket() as line:
        await bob.reload()
    socket = await line.value
    await expect(bob.locator("#conversations a")).to_have_count(2)
    await expect(bob.locator("#chat-here")).to_have_text("Ada is here")
    async with socket.expect_event(
        "framesent", lambda sent: json.loads(sent) == {"unsubscribe": {"topic": topic}}
    ):
        await both.ada.call(f"/conversations/{both.talk}/members/workspace", "DELETE")
    await expect(bob.locator("#conversations a")).to_have_count(1)


async def test_who_was_cut_off_catches_up_and_who_is_removed_is_told_so(both):
    bob, lines = both.bob.page, []
    await bob.route_web_socket(
        re.compile("/realtime"), lambda line: lines.append((line, line.connect_to_server()))
    )
    await bob.reload()
    await expect(bob.locator("#chat-here")).to_have_text("Ada is here")
    page, server = lines[-1]
    await server.close()
    await page.close(code=1012)
    await expect(bob.locator("#chat-here")).to_have_text("Not connected. Trying again…")
    await post(both.ada, "Are you still there?")
    await expect(bob.locator(".message")).to_have_count(2)
    await expect(bob.locator("#chat-here")).to_have_text("Ada is here")

    await both.ada.call(f"/conversations/{both.talk}/members/workspace", "DELETE")
    await expect(bob.locator("#messages .notice")).to_contain_text("not shared with you")
    await expect(bob.locator("#conversations")).to_have_text("No conversations yet.")
