import io
from pathlib import Path

import pytest

from ingest.extract.markup.html import read
from ingest.extract.markup.html import text_of as text_of_fragment
from ingest.extract.segment import Properties, Segment, Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    items = read(io.BytesIO(raw), first=0, most_characters=10**6)
    return "".join(item.text for item in items if isinstance(item, Segment))


def test_a_real_page():
    assert text_of((DATA / "example_01.html").read_bytes()) == (
        "# Introduction\n\nThis is the first paragraph of the introduction.\n\n## Background\n\n"
        "Some background information here.\n\nExample image\n\n- First item in unordered list\n"
        "- Second item in unordered list\n1. First item in ordered list\n"
        "2. Second item in ordered list\n42. First item in ordered list with start\n"
        "43. Second item in ordered list with start\n"
    )


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a  b\n c<p>d", "a b c\n\nd\n"),
        ("a<br>b<div>c</div>d", "a\nb\n\nc\n\nd\n"),
        ("<title>T</title><h1>T</h1><h2>U</h2>", "# T\n\n## U\n"),
        ("<ul><li>a<p>b</p><ol><li>c<li>d</ol></ul>", "- a\n  b\n  1. c\n  2. d\n"),
        ("<li>stray", "stray\n"),
        ("<table><tr><th>a<td>b<tr><td><p>c</p>d<td></table>e", "a | b\nc d | \n\ne\n"),
        ("<table><tr><td>a<td><h1>b</h1>c<tr><td>d</table>", "a\n\n# b\n\nc\n\nd\n"),
        ("<pre>a\n  b</pre>", "a\n  b\n"),
        ("<p hidden>x<p>a<script>x</script><style>x</style><svg><title>x</title></svg>", "a\n"),
        ("<input hidden>a<img alt='a cat'>b", "a a cat b\n"),
        ("<p>a<button>hide</button><span aria-hidden=true>x</span> b", "a b\n"),
        (
            "<h3><button>Why?</button></h3><button aria-expanded=false>How?</button>",
            "### Why?\n\nHow?\n",
        ),
        ("a&nbsp;&amp;&lt;b&#0;", "a &<b\ufffd\n"),
        ("</table></ul></pre></h1>a", "a\n"),
        ("<b>unclosed", "unclosed\n"),
    ],
)
def test_markup_becomes_light_structure(markup, expected):
    assert text_of(f"<html>{markup}") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>Grüße".encode(), "Grüße\n"),
        ("<p>Grüße".encode("cp1252"), "Grüße\n"),
        ("<p>Grüße".encode("utf-16"), "Grüße\n"),
        ("<meta charset=latin-1><p>Grüße".encode(), "Grüße\n"),
        ("<meta charset='windows-1251'><p>Привет".encode("cp1251"), "Привет\n"),
        ("<meta charset=iso-2022-jp><p>日本".encode("iso-2022-jp"), "日本\n"),
        ("<meta charset=base64><p>Grüße".encode("cp1252"), "Grüße\n"),
        ("<meta charset=nonsense><p>Grüße".encode("cp1252"), "Grüße\n"),
    ],
)
def test_valid_utf_8_counts_more_than_what_the_page_declares(content, expected):
    assert text_of(content) == expected


def test_a_binary_is_refused():
    with pytest.raises(Unreadable):
        text_of(b"<html>\0\1\2")


def test_a_page_of_nothing_but_a_mark_has_no_text():
    assert text_of(b"\xef\xbb\xbf") == ""


def test_a_deep_page_is_read_in_bounded_time():
    assert text_of("<html>" + "<div>" * 100_000 + "deep" + "</div>" * 100_000) == "deep\n"


def test_a_page_of_far_too_much_markup_is_refused_at_once():
    with pytest.raises(Unreadable) as caught:
        read(io.BytesIO(b"<html>" + b"<p>" * 200), first=0, most_characters=100)
    assert caught.value.code == "too_much_text"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            """<html lang=de><title> A\nB </title><meta name=Author content=Ada><meta name=dcterms.modified content=2021-01-02>
            <meta property='article:published_time' content='2020-01-02T03:04:05Z'><h1>C</h1>""",
            Properties("A B", "Ada", "2020-01-02T03:04:05Z", "2021-01-02", "de"),
        ),
        ("<html><meta name=date content='last week'><h1>C</h1>", Properties("C")),
        ("<html><p>text", Properties()),
    ],
)
def test_a_page_says_what_it_is(page, expected):
    assert next(read(io.BytesIO(page.encode()), first=0, most_characters=10**6)) == expected


def test_a_fragment_of_another_format_is_text_without_its_ends():
    assert text_of_fragment("<p>a <b>b</b></p><ul><li>c</ul>") == "a b\n\n- c"
