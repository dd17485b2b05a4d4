"""The promises of chunk.py as properties, and its choices of where to cut as examples."""

import re
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.grapheme import is_boundary
from ingest.chunk import BUDGET_TOKENS, MOST_CHARACTERS, Chunk, Chunker, chunk
from ingest.extract.segment import Segment
from search.wordpiece import load_token_counter

DATA = Path(__file__).parents[1] / "data" / "files"

# Words, structure and trouble: marks, joiners, flags, jamo, CJK, long runs, headings, fences, lists.
PIECES = st.one_of(
    st.sampled_from(
        ["\n", "\n\n", " ", ". ", "# Top\n", "## Sub\n", "\n```\n", "- item\n", "a | b\n"]
    ),
    st.sampled_from(
        ["e\u0301", "👩‍👩‍👧", "🇩🇪🇫🇷", "각", "한글", "。", "\uff1f", "\u00a0", "\t", "x" * 1500]
    ),
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
    for ordinal, (start, end) in enumerate(pairwise(places)):
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


ANCHORS = ["[12]", "[3, 17]", "[^note]", "[@knuth84, p. 3]"]
CITING = st.lists(st.sampled_from([*ANCHORS, "so it is", "So. It is", "and"]), min_size=20, max_size=60).map(" ".join)  # fmt: skip


@given(CITING, st.integers(12, 40))
def test_no_cut_goes_through_a_citation_anchor(text: str, budget: int) -> None:
    anchors = [match.span() for match in re.finditer(r"\[[^]]*\]", text)]
    for found in chunk(whole(text), count_words, budget_tokens=budget):
        for start, end in anchors:
            assert not start < found.start < end
            assert not start < found.end < end


LINES = st.text(alphabet="abcdef GHI.,!?;", min_size=1, max_size=60).filter(str.strip)


@given(st.lists(LINES, max_size=40), st.integers(33, 60), st.sampled_from(["code", "table"]))
def test_no_cut_goes_through_a_line_of_code_or_a_row_of_a_table(
    lines: list[str], budget: int, kind: str
) -> None:
    rows = ["```", *lines, "```"] if kind == "code" else [f"{line} | {line}" for line in lines]
    text = "\n".join(rows)
    kept = {(m.start(), m.end()) for m in re.finditer(r"\S(.*\S)?", text)}
    starts, ends = {start for start, _ in kept}, {end for _, end in kept}
    for found in chunk(whole(text), count_words, budget_tokens=2 * budget):
        assert found.start in starts
        assert found.end in ends


def texts(text: str, *, budget: int) -> list[str]:
    return [found.text for found in chunk(whole(text), count_words, budget_tokens=budget)]


def test_prefers_a_paragraph_to_a_sentence_and_a_sentence_to_a_line() -> None:
    assert texts("One two three.\n\nFour five. Six seven", budget=6) == [
        "One two three.",
        "Four five. Six seven",
    ]
    assert texts("One two three. Four\nfive six seven", budget=6) == [
        "One two three.",
        "Four\nfive six seven",
    ]
    assert texts("one two three\nfour five six", budget=5) == ["one two three", "four five six"]


def test_of_equal_breaks_the_last_that_fits_is_taken() -> None:
    text = "One. Two. Three. Four. Five. Six. Seven."
    assert texts(text, budget=3) == ["One. Two. Three.", "Four. Five. Six.", "Seven."]


def test_a_line_over_the_budget_is_cut_between_words() -> None:
    assert texts("a b c d e f g h i", budget=4) == ["a b c d", "e f g h", "i"]


def test_a_section_begins_a_chunk_unless_the_one_before_is_tiny() -> None:
    assert texts("# A\n\none two three\n\n# B\n\nfour", budget=20) == [
        "# A\n\none two three",
        "# B\n\nfour",
    ]
    assert texts("# A\n\none\n\n# B\n\ntwo", budget=20) == ["# A\n\none\n\n# B\n\ntwo"]


def test_a_table_that_fits_a_chunk_of_its_own_is_not_cut_off_from_its_header() -> None:
    """A small table left too little room for the one behind it, whose last rows then named no columns."""
    small, table = "a | b\n1 | 2", "name | age\nada | 36\nbob | 7\nguy | 9"
    assert texts(f"{small}\n\n{table}", budget=13) == [small, table]
    assert texts(f"{small}\n\n# T\n\n{table}", budget=15) == [small, f"# T\n\n{table}"]
    assert texts(f"one two\n\n{table}\nmax | 3\ndan | 4", budget=13) == [
        "one two",
        table,
        "max | 3\ndan | 4",
    ]


def test_a_chunk_carries_the_headings_over_its_first_character() -> None:
    found = list(chunk(whole("# A\n\na b c d\n\n## B\n\ne f g h"), count_words, budget_tokens=8))
    assert [one.headings for one in found] == [("A",), ("A", "B")]


def test_a_chunk_over_a_page_break_names_both_pages() -> None:
    pages = [Segment(0, 1, None, "one two\n"), Segment(1, 2, None, "three. Four five six\n")]
    assert list(chunk(pages, count_words, budget_tokens=4)) == [
        Chunk(0, 14, 1, 2, (), "one two\nthree."),
        Chunk(15, 28, 2, 2, (), "Four five six"),
    ]


def test_special_tokens_of_the_counter_are_part_of_the_budget() -> None:
    def count_with_specials(text: str) -> int:
        return count_words(text) + 2

    found = list(chunk(whole("a b c d e f g"), count_with_specials, budget_tokens=5))
    assert [one.text for one in found] == ["a b c", "d e f", "g"]


def test_chunks_come_while_later_segments_are_still_read() -> None:
    chunker = Chunker(count_words, budget_tokens=5)
    assert [
        one.text for one in chunker.feed(Segment(0, 1, None, "One two three. Four five six.\n"))
    ] == ["One two three."]
    assert [one.text for one in chunker.feed(Segment(1, 2, None, "Seven eight.\n"))] == []
    assert [one.text for one in chunker.flush()] == ["Four five six.\nSeven eight."]


def test_a_run_of_symbols_that_counts_as_one_token_is_bounded_all_the_same() -> None:
    def count_one(text: str) -> int:
        return 1 if text else 0

    found = list(chunk(whole("x" * 30_000), count_one))
    assert [len(one.text) for one in found] == [4_000] * 7 + [2_000]


def test_memory_and_time_stay_linear_over_a_long_text() -> None:
    """2 MB in one line and 2 MB of one character: neither is held, neither is rescanned."""
    for line in ("word " * 3200, "." * 16_000):
        pieces = (Segment(n, None, None, line) for n in range(125))
        tracemalloc.start()
        assert sum(one.end - one.start for one in chunk(pieces, count_words)) > 1_900_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()


def test_real_text_fits_the_real_model(model_dir: Path) -> None:
    count_tokens = load_token_counter(model_dir)
    text = (DATA / "norwich-city.txt").read_text()
    found = list(chunk(whole(text), count_tokens))
    sizes = [count_tokens(one.text) for one in found]
    assert max(sizes) <= BUDGET_TOKENS
    assert sum(sizes) / len(sizes) > 0.75 * BUDGET_TOKENS
