import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.grapheme import is_boundary
from search.answer import Markup
from search.query import parse
from search.snippet import View, snippet, wanted

LONG = (
    "Filler words come first here. " * 10
    + "The widow gets a pension."
    + " More filler follows it." * 10
)


def cut(text, q, *, crop=30, lang="en", markup: Markup = "offsets"):
    return snippet(text, View(wanted(parse(q), [lang]), crop, markup), lang=lang, offset=100)


def marked(found):
    return [(found.text[h.start : h.start + h.length], h.kind) for h in found.highlights]


def test_stems_are_highlighted_as_they_stand():
    assert marked(cut("He was running; she runs.", "run")) == [
        ("running", "word"),
        ("runs", "word"),
    ]


def test_a_phrase_is_one_highlight_and_covers_its_words():
    found = cut("this year's last salary", '"last salary" year')
    assert marked(found) == [("year", "word"), ("last salary", "phrase")]


def test_a_prefix_highlights_the_whole_word():
    assert marked(cut("an organization", "organ*")) == [("organization", "word")]


def test_identifiers_and_accents_are_found_by_the_same_analysis():
    assert marked(cut("call writeBoolean here", "boolean")) == [("Boolean", "word")]
    assert marked(cut("Die Häuser", "hauser", lang="de")) == [("Häuser", "word")]


def test_overlapping_pairs_grow_into_one_highlight():
    assert marked(cut("我住在东京都", "东京都", lang="zh")) == [("东京都", "word")]


def test_the_window_goes_where_the_words_are_and_says_where_it_stands():
    found = cut(LONG, "widow pension", crop=10)
    assert "widow gets a pension" in found.text
    assert LONG[found.offset - 100 :].startswith(found.text)
    assert len(found.text.split()) <= 12


def test_html_is_escaped_around_the_marks():
    found = cut("<b>pension & co</b>", "pension", markup="html")
    assert (found.text, found.highlights) == (
        "&lt;b&gt;<mark>pension</mark> &amp; co&lt;/b&gt;",
        (),
    )


def test_stop_words_are_highlighted_only_when_there_is_nothing_else():
    assert marked(cut("the cat", "the cat")) == [("cat", "word")]
    assert marked(cut("the who", "the who")) == [("the", "word"), ("who", "word")]


@pytest.mark.parametrize("crop", [1, 2, 3, 4, 5])
def test_however_short_a_snippet_shows_a_match(crop):
    """Bug: one of four words or fewer began so far before the match that it ended there."""
    text = "The lease of the new office begins in September, and the old one ends."
    assert "<mark>September</mark>" in cut(text, "september", crop=crop, markup="html").text


# Marks, joiners, skin tones, flags, tags, jamo, keycaps and line ends, each a code point of its own here.
PIECES = "ab é\u0301👩\u200d👧🏽❤\ufe0f1\u20e3🇩🇪\U000e0067\u1112\u1161\u11ab東京<&\r\n"


@given(st.text(alphabet=PIECES, max_size=200), st.integers(1, 5))
def test_a_snippet_is_a_piece_of_the_text_cut_between_visible_characters(text, crop):
    found = cut(text, "ab 東京 👩 ❤ 1 한", crop=crop)
    at = found.offset - 100
    assert text[at : at + len(found.text)] == found.text
    marks = [(at + h.start, at + h.start + h.length) for h in found.highlights]
    assert all(is_boundary(text, edge) for edge in (at, at + len(found.text)))
    assert all(is_boundary(text, edge) for mark in marks for edge in mark)
    ends = [at] + [end for _, end in marks]
    assert all(start >= end for (start, _), end in zip(marks, ends, strict=False))


@given(st.text(alphabet="ab <&>'\"", max_size=60))
def test_html_without_marks_is_the_escaped_text(text):
    shown = cut(text, "ab", markup="html").text
    assert html.unescape(shown.replace("<mark>", "").replace("</mark>", "")) == text


@pytest.mark.parametrize(
    ("text", "q", "shown"),
    [
        ("ok 👍🏽 then", "👍", "👍🏽"),
        ("us 👩\u200d👩\u200d👧 here", "👩", "👩\u200d👩\u200d👧"),
        ("with ❤\ufe0f from", "❤", "❤\ufe0f"),
        ("press 1\ufe0f\u20e3 now", "1", "1\ufe0f\u20e3"),
        ("of 🇩🇪🇫🇷 there", "🇫🇷", "🇫🇷"),
        ("x 각\u11a8가", "각", "각\u11a8"),
    ],
)
def test_a_highlight_never_cuts_what_is_seen_as_one_character(text, q, shown):
    assert marked(cut(text, q)) == [(shown, "word")]
