"""The promises of chunk.py as properties, and its choices of where to cut as examples."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import MOST_CHARACTERS, Chunk, Chunker, chunk
from ingest.extract.segment import Segment
from ingest.grapheme import is_boundary

DATA = Path(__file__).parents[1] / "data" / "files"

# Words, structure and trouble: marks, joiners, flags, jamo, CJK, long runs, headings, fences, lists.
PIECES = st.one_of(
    st.sampled_from(["\n", "\n\n", " ", ". ", "# Top\n", "## Sub\n", "\n```\n", "- item\n", "a | b\n"]),
    st.sampled_from(["e\u0301", "👩‍👩‍👧", "🇩🇪🇫🇷", "각", "한글", "。", "？", "\u00a0", "\t", "x" * 1500]),
    st.text(alphabet="abcdef GHI.,!?", min_size=1, max_size=40),
    st.text(min_size=1, max_size=8).map(lambda text: re.sub("[\0\r\ud800-\udfff]", "", text)),
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def count_words(text: str) -> int:
    return len(text.split())


def count_characters(text: str) -> int:
    return sum(not character.isspace() for character in text)


def whole(text: str) -> list[Segment]:
    return [Segment(0, None, None, text)]


def sliced(text: str, *, cuts: list[int]) -> Iterator[Segment]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    for ordinal, (start, end) in enumerate(zip(places, places[1:], strict=False)):
        yield Segment(ordinal, ordinal + 1, None, text[start:end])


def positions(chunks: list[Chunk]) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(found.start, found.end, found.headings) for found in chunks]


@given(TEXTS, st.integers(2, 40))
def test_chunks_are_in_order_exact_trimmed_and_cover_every_character_once(
    text: str, budget: int
) -> None:
    chunks = list(chunk(whole(text), count_words, budget_tokens=budget))
    end = 0
    for found in chunks:
        assert found.text == text[found.start : found.end] == found.text.strip() != ""
        assert found.start >= end
        assert not text[end : found.start].strip()
        end = found.end
    assert not text[end:].strip()


@given(TEXTS, st.integers(3, 60))
def test_a_chunk_is_within_its_budget_unless_it_is_one_unbreakable_character(
    text: str, budget: int
) -> None:
    for found in chunk(whole(text), count_characters, budget_tokens=budget):
        breaks = [at for at in range(1, len(found.text)) if is_boundary(found.text, at)]
        assert count_characters(found.text) <= budget or not breaks
        assert len(found.text) <= MOST_CHARACTERS


@given(TEXTS, st.integers(3, 40))
def test_no_cut_goes_through_a_character(text: str, budget: int) -> None:
    for found in chunk(whole(text), count_characters, budget_tokens=budget):
        assert text[found.start - 1].isspace() or is_boundary(text, found.start)
        assert is_boundary(text, found.end)


@given(TEXTS, st.lists(st.integers(0, 5000), max_size=12), st.integers(2, 40))
def test_the_same_text_gives_the_same_chunks_however_it_is_sliced(
    text: str, cuts: list[int], budget: int
) -> None:
    at_once = list(chunk(whole(text), count_words, budget_tokens=budget))
    piecewise = list(chunk(sliced(text, cuts=cuts), count_words, budget_tokens=budget))
    assert positions(piecewise) == positions(at_once)
