import io
from pathlib import Path

import pytest

from ingest.extract.html import read
from ingest.extract.segment import Unreadable

DATA = Path(__file__).parents[2] / "data" / "files"


def text_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return "".join(one.text for one in read(io.BytesIO(raw), first=0, most_characters=10**6))


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


def test_a_deep_page_is_read_in_bounded_time():
    assert text_of("<html>" + "<div>" * 100_000 + "deep" + "</div>" * 100_000) == "deep\n"


def test_a_page_of_far_too_much_markup_is_refused_at_once():
    with pytest.raises(Unreadable) as caught:
        read(io.BytesIO(b"<html>" + b"<p>" * 200), first=0, most_characters=100)
    assert caught.value.code == "too_much_text"
