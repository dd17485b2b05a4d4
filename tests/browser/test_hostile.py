"""What people and models write stays text: names, messages, titles, files and replies full of markup."""

import pytest
from playwright.async_api import expect

from tests.browser.person import text_file

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<iframe src=https://evil.example></iframe>",
    "![x](https://evil.example/x.png)",
    "[x]: https://evil.example/x.png",
    "javascript:alert(1)",
    "</mark></a><style>*{background:url(https://evil.example/s)}</style>",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202etxt.exe \u2066 hidden",
)
ALL = " boiler ".join(ATTACKS)
RENDER = """async ([text, citations]) => {
  const { showReply } = await import('/message.js');
  const body = document.createElement('div');
  showReply(body, { text, citations });
  return body.querySelector('p').innerHTML;
}"""
ACTIVE = "script:not([src='/main.js']), img, iframe, object, embed, #app style, base, [onerror], [onload]"


async def test_names_messages_and_files_never_become_markup(ada):
    page = ada.page
    name = 'boiler "><img src=x onerror=alert(1)>.txt'
    await ada.upload(text_file(name, f"A boiler. {ALL}"))
    conversation_id, _ = await ada.say(f"A boiler too. {ALL}", title=f"boiler {ATTACKS[0]}")
    await ada.call("/workspaces", "POST", {"name": ATTACKS[1]})
    await ada.open("#/search?q=boiler")
    await expect(page.locator(".hit")).to_have_count(2)
    await expect(page.locator(".hit", has_text="A boiler too. <script>alert(1)")).to_be_visible()
    await page.locator(".hit", has_text=name).click()
    await expect(page.locator("#viewer-title")).to_have_text(name)
    await expect(page.locator("#viewer-body")).to_contain_text(ATTACKS[1])
    await ada.open(f"#/c/{conversation_id}")
    await expect(page.locator("#chat-title")).to_have_text(f"boiler {ATTACKS[0]}")
    await expect(page.locator(".message")).to_contain_text(ATTACKS[3])
    assert await page.locator(ACTIVE).count() == 0


async def test_completions_filters_facets_and_alerts_never_become_markup(ada):
    page = ada.page
    titles = (f"boiler {ATTACKS[0]}", f"boiler {ATTACKS[1]}")
    await ada.call("/saved-searches", "POST", {"q": "boiler", "name": ATTACKS[1]})
    for title in titles:
        await ada.say(f"A boiler. {title}", title=title)
    await expect(page.locator("#toast")).to_contain_text(f"New for “{ATTACKS[1]}”")
    await ada.open(f"#/search?q=boiler%20in:%22{ATTACKS[1]}%22")
    await expect(page.locator(".chip")).to_have_text(f"in {ATTACKS[1]}")
    await page.locator("#saved summary").click()
    await expect(page.locator("#saved-list, #alerts a").first).to_contain_text(ATTACKS[1])
    await page.keyboard.press("Escape")
    await page.fill("#search-input", "")
    await page.keyboard.type("boiler")
    await expect(page.get_by_role("option")).to_contain_text(titles)
    places = page.get_by_role("region", name="Where").get_by_role("button")
    await expect(places).to_have_text([f"{title}1" for title in sorted(titles)])
    assert await page.locator(ACTIVE).count() == 0


@pytest.mark.parametrize("address", ["#/search?q=%3Cimg src=x onerror=alert(1)%3E", "#/file/%3Cscript%3E", "#/c/..%2f..%2fauth%2fme", "#/nowhere/<b>"])  # fmt: skip
async def test_an_address_made_by_somebody_else_does_nothing(ada, address):
    await ada.open(address)
    await ada.page.wait_for_timeout(300)
    await expect(ada.page.locator("#app")).to_be_visible()
    assert await ada.page.locator(ACTIVE).count() == 0


async def test_no_inline_script_runs_even_if_one_came_in(ada):
    """The content policy is the wall behind building elements by hand."""
    answer = await ada.page.request.get(ada.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_reply_links_to_what_a_source_holds_and_nowhere_else(ada):
    quote = "The manual is at https://docs.example/manual since May."
    span = {"start": 0, "end": len(quote)}
    cited = {"ref": 1, "kind": "file", "file_id": "f", "quote": quote, "title": "a", "source_span": span, "status": "current"}  # fmt: skip
    made_up = "[here](https://evil.example/?q=secret) ![x](https://evil.example/x.png) https://docs.example/manual?q=secret"
    text = f"See https://docs.example/manual or {made_up}"
    html = await ada.page.evaluate(RENDER, [text, [cited]])
    assert html.count("<a ") == 1
    assert '<a href="https://docs.example/manual" target="_blank"' in html
    assert html.endswith(made_up)
