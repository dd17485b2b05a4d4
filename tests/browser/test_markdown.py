"""The Markdown of replies, as elements; and offsets in code points where JavaScript counts other units."""

import pytest
from playwright.async_api import expect

from tests.browser.person import text_file

RENDER = """async ([text, refs]) => {
  const { markdown } = await import('/markdown.js');
  const { h } = await import('/dom.js');
  const cite = (ref) => (refs.includes(ref) ? h('sup', {}, String(ref)) : null);
  return h('div', {}, markdown(text, { cite })).innerHTML;
}"""
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'

CASES = [
    ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
    ("# Head\ntext", "<h3>Head</h3><p>text</p>"),
    ("- a\n- b\n  more\n- c", "<ul><li>a</li><li>b more</li><li>c</li></ul>"),
    ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
    ("- a\n\n- b\n\nend", "<ul><li>a</li><li>b</li></ul><p>end</p>"),
    ("**bold** and *it* and `x [1] **y**`", "<p><strong>bold</strong> and <em>it</em> and <code>x [1] **y**</code></p>"),
    ("```py\na < b\n[1]\n```\nend", "<pre><code>a &lt; b\n[1]</code></pre><p>end</p>"),
    ("```\nnever closed", "<pre><code>never closed</code></pre>"),
    ("> said\n> so", "<blockquote><p>said<br>so</p></blockquote>"),
    ("So [1], and [2] and [1, 3].", "<p>So <sup>1</sup>, and [2] and <sup>1</sup><sup>3</sup>.</p>"),
    ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
    ("<b>x</b> &amp;", "<p>&lt;b&gt;x&lt;/b&gt; &amp;amp;</p>"),
    ("[docs](https://a.example/x)", f'<p><span><a href="https://a.example/x" {LINK}>docs</a><span class="host"> (a.example)</span></span></p>'),
    ("see https://a.example/x.", f'<p>see <span><a href="https://a.example/x" {LINK}>https://a.example/x</a></span>.</p>'),
    ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    ("[x](data:text/html,1) [y](//evil.example)", "<p>[x](data:text/html,1) [y](//evil.example)</p>"),
    ("", ""),
]  # fmt: skip


async def test_replies_are_rendered_as_elements(ada):
    for text, html in CASES:
        assert await ada.page.evaluate(RENDER, [text, [1, 3]]) == html, text


@pytest.mark.timeout(30)
async def test_no_text_takes_long(ada):
    for text in (
        "[" * 20_000,
        "*a" * 10_000,
        "`" * 20_000,
        "![](" * 5_000,
        "- \n" * 5_000,
        "a [1" * 9_000,
    ):
        await ada.page.evaluate(RENDER, [text, []])  # fmt: skip


async def test_a_place_behind_characters_outside_the_basic_plane_is_marked_exactly(ada):
    before = "😀👩‍👩‍👧 \U0001d50a race " * 300
    quote = "the 🔑 hangs here"
    await ada.upload(text_file("emoji.txt", f"{before}{quote}, and 😀 more."))
    await ada.open("#/search?q=hangs")
    address = await ada.page.locator(".hit").first.get_attribute("href")
    start = len(before)
    await ada.open(f"{address.partition('?')[0]}?start={start}&end={start + len(quote)}")
    await expect(ada.page.locator("#viewer mark")).to_have_text(quote)
    await expect(ada.page.locator("#viewer mark")).to_be_in_viewport()
