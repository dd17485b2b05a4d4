"""Where the chips of a reply stand: only at citations, each with its own quotation, whatever else the text holds."""

from dataclasses import replace

from playwright.async_api import expect

from tests.browser.conftest import REPLY

LETTER = "The spare key hangs behind the blue door of the boiler room, as Grace decided."
SHOW = """async ([text, citations]) => {
  const { showReply } = await import('/message.js');
  const { h } = await import('/dom.js');
  const body = h('div', {});
  showReply(body, { text, citations });
  const chips = [...body.querySelectorAll('a.cite')].map((chip) => [chip.textContent, chip.title]);
  body.querySelectorAll('a.cite').forEach((chip) => chip.replaceWith('{chip}'));
  body.querySelector('details')?.remove();
  return [chips, body.innerHTML];
}"""


def cited(text: str, claim: str, *, ref: int = 1) -> dict[str, object]:
    """Return the citation whose marker stands behind the claim, as the API tells it: in code points."""
    start = text.index(claim)
    end = start + len(claim) + len(f" [{ref}]")
    assert text[start:end] == f"{claim} [{ref}]"
    return {
        "ref": ref, "kind": "file", "file_id": "f", "title": "Letter", "quote": f"quote of {claim}", "status": "current",
        "source_span": {"start": 0, "end": 9}, "answer_span": {"start": start, "end": end},
    }  # fmt: skip


async def shown(ada, text: str, *claims: str) -> tuple[list[list[str]], str]:
    return tuple(await ada.page.evaluate(SHOW, [text, [cited(text, each) for each in claims]]))


async def test_an_invented_marker_gets_no_chip_and_shifts_no_other(ada):
    text = "The ` key is gone [1]. The door is blue [1]. Owls pay [1]. The wall is red [1]."
    chips, html = await shown(ada, text, "The door is blue", "The wall is red")
    assert chips == [["1", "quote of The door is blue"], ["1", "quote of The wall is red"]]
    assert html == (
        "<p>The ` key is gone [1]. The door is blue {chip}. Owls pay [1]. The wall is red {chip}.</p>"
    )


async def test_chips_are_found_behind_emoji_markup_and_other_line_ends(ada):
    text = (
        "## 😀 Keys [1] ##\r\n👩‍👩‍👧 says\r\n\r\n- 🔑 **the key\U0001d50a hangs [1]** so\r\n  and on [1]\r\n"
        "> 😀 quoted _well [1]_\n\n3. third [1]"
    )
    claims = ("Keys", "the key\U0001d50a hangs", "and on", "quoted _well", "third")
    chips, html = await shown(ada, text, *claims)
    assert [title for _, title in chips] == [f"quote of {claim}" for claim in claims]
    assert html == (
        "<h4>😀 Keys {chip}</h4><p>👩‍👩‍👧 says</p>"
        "<ul><li>🔑 <strong>the key\U0001d50a hangs {chip}</strong> so and on {chip}</li></ul>"
        '<blockquote><p>😀 quoted <em>well {chip}</em></p></blockquote><ol start="3"><li>third {chip}</li></ol>'
    )


async def test_brackets_in_code_stay_brackets(ada):
    text = "Do `x[1]` 😀:\n```py\ny = values[1]\n```\n~~~\nz = [1]\n~~~\nSo it is [1]."
    chips, html = await shown(ada, text, "So it is")
    assert chips == [["1", "quote of So it is"]]
    assert html == (
        "<p>Do <code>x[1]</code> 😀:</p><pre><code>y = values[1]</code></pre>"
        "<pre><code>z = [1]</code></pre><p>So it is {chip}.</p>"
    )


async def test_a_reply_that_is_written_has_its_chips_where_the_server_says(
    ada, vendor, monkeypatch
):
    words = (
        "😀 See `rooms[1]`:\n```\nrooms[1]\n```\n",
        "The spare key hangs behind the blue ",
        "door [1].",
    )
    monkeypatch.setattr(vendor, "script", (replace(REPLY, words=words, pause_s=0),))
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await ada.page.select_option("#composer-model", "openai:gpt-4.1-mini")
    reply = await ada.ask("Where does the spare key hang?")
    for _ in range(2):  # as it is written, and after a reload
        await expect(reply.locator(".body > p").last).to_have_text(
            "The spare key hangs behind the blue door 1."
        )
        await expect(reply.locator(".body a.cite")).to_have_count(1)
        await expect(reply.locator("code")).to_have_text(["rooms[1]", "rooms[1]"])
        await ada.page.reload()


async def test_claims_without_a_source_are_marked_for_eye_and_ear(ada, vendor, monkeypatch):
    words = (
        "😀 The spare key hangs behind the blue door [1].\n\n",
        "- Owls **pay all the bills** of everybody here.\n",
    )
    monkeypatch.setattr(vendor, "script", (replace(REPLY, words=words, pause_s=0),))
    await ada.say(LETTER)
    await ada.open("#/c/new")
    await ada.page.select_option("#composer-model", "openai:gpt-4.1-mini")
    reply = await ada.ask("Where does the spare key hang?")
    bare = reply.locator(".bare")
    for _ in range(2):  # as it is written, and after a reload
        await expect(reply.locator("li").first).to_have_text(
            "Owls pay all the bills of everybody here.?"
        )
        await expect(bare).to_have_text(["Owls", "pay all the bills", "of everybody here.?"])
        await expect(bare.first).to_have_attribute(
            "title", "No source that it cites bears this out."
        )
        await expect(reply.get_by_role("img")).to_have_accessible_name("(No source that it cites bears this out.)")  # fmt: skip
        await expect(reply.locator(".grounding")).to_contain_text("1 claim is marked (?)")
        await expect(reply.locator("a.cite")).to_have_count(1)
        await ada.page.reload()


async def test_a_reply_that_abstains_shows_what_came_nearest(ada):
    await ada.say(LETTER, title="Keys")
    await ada.open("#/c/new")
    await ada.page.select_option("#composer-model", "extractive")
    reply = await ada.ask("Which spare violin did the captain of the ship sell in Norway?")
    nearest = reply.get_by_role("link", name="Keys")
    await expect(reply).to_contain_text("What came nearest:")
    await ada.page.reload()
    await nearest.click()
    await expect(ada.page.locator(".message.found mark")).to_have_text(LETTER)
