import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.citations import Citation, CitationStream, Grounding, TextOut
from tests.llm.make_source import make_source

FRONT = "Where it all began. "
CITY = "Paris is the capital of France. It has 2,102,650 inhabitants as of 2023."
RIVER = "The Seine flows through Paris and floods it every\nfew decades. The last big flood was in 1910 \U0001f30a."
STORED = {1: FRONT + CITY, 2: "\U0001f30a " + RIVER}
SOURCES = [make_source(CITY, ref=1, start=len(FRONT)), make_source(RIVER, ref=2, start=2)]


def cite(answer: str, step: int = 10_000) -> tuple[str, list[Citation], Grounding]:
    stream = CitationStream(SOURCES)
    out = [o for at in range(0, len(answer), step) for o in stream.feed(answer[at : at + step])]
    out += stream.finish()
    text = "".join(o.text for o in out if isinstance(o, TextOut))
    return text, [o for o in out if isinstance(o, Citation)], stream.grounding


def shown(answer: str) -> tuple[str, list[tuple[str, str, str]], Grounding]:
    """Return the text, and of each citation the claim with its marker, the quote and the verdict."""
    text, citations, grounding = cite(answer)
    told = [(text[c.answer_start : c.answer_end], c.quote, c.verdict) for c in citations]
    return text, told, grounding


FLOOD = "The last big flood was in 1910"


@pytest.mark.parametrize(
    ("answer", "text", "told", "grounding"),
    [
        (f"{FLOOD} [2].", f"{FLOOD} [1].", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 0)),
        (f"{FLOOD}. [2]", f"{FLOOD}. [1]", [(f"{FLOOD}. [1]", FLOOD, "verbatim")], (1, 1, 0)),
        (f"{FLOOD}【2†source】", f"{FLOOD}[1]", [(f"{FLOOD}[1]", FLOOD, "verbatim")], (1, 1, 0)),
        (f"{FLOOD} [1, 2].", f"{FLOOD} [1].", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 1)),
        (f"{FLOOD} [1][2].", f"{FLOOD} [1].", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 1)),
        (f"{FLOOD} [1-2].", f"{FLOOD} [1].", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 1)),
        (f"{FLOOD} [7].", f"{FLOOD}.", [], (1, 0, 1)),
        ("The last big flood was in 1911 [2].", "The last big flood was in 1911.", [], (1, 0, 1)),
        ("Bananas grow best in Ecuador [1][2]!", "Bananas grow best in Ecuador!", [], (1, 0, 2)),
        (f"According to [2], {FLOOD}. So.", f"According to [1], {FLOOD}. So.", [("[1]", FLOOD, "verbatim")], (1, 1, 0)),
        ("1910 [2].", "1910 [1].", [("1910 [1]", "1910", "verbatim")], (1, 1, 0)),
        ("[2] 1910", "[1] 1910", [("[1]", "1910", "verbatim")], (1, 1, 0)),
        ("In `a[1]` and [2024], [ ] or [x]", "In `a[1]` and [2024], [ ] or [x]", [], (0, 0, 0)),
        ("```\nb[2]\n\nc[1]\n``` [7]", "```\nb[2]\n\nc[1]\n```", [], (1, 0, 1)),
        (f"An odd ` tick.\n\n{FLOOD} [2]", f"An odd ` tick.\n\n{FLOOD} [1]", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 0)),
        (f"The ` key, and {FLOOD} [2].\n\n`a[1]`", f"The ` key, and {FLOOD} [1].\n\n`a[1]`", [(f"The ` key, and {FLOOD} [1]", f"{FLOOD} \U0001f30a.", "paraphrase")], (1, 1, 0)),
        ("~~~\nx = a[1] + b[2]\n~~~\n[7]", "~~~\nx = a[1] + b[2]\n~~~\n", [], (1, 0, 1)),
        (f"{FLOOD} [2][2].", f"{FLOOD} [1].", [(f"{FLOOD} [1]", FLOOD, "verbatim")], (1, 1, 0)),
        (f'"{FLOOD[:-1]}2" [2].', f'"{FLOOD[:-1]}2".', [], (1, 0, 1)),
        ("Nothing cited", "Nothing cited", [], (0, 0, 0)),
        ("", "", [], (0, 0, 0)),
    ],
)  # fmt: skip
def test_markers_are_kept_renumbered_or_removed(answer, text, told, grounding):
    assert shown(answer) == (text, told, Grounding(*grounding))


def test_numbers_follow_first_use_and_stay():
    text, told, _ = shown(f"{FLOOD} [2]. Paris is the capital of France [1], and {FLOOD} [2].")
    assert text == f"{FLOOD} [1]. Paris is the capital of France [2], and {FLOOD} [1]."
    assert [quote for _, quote, _ in told] == [
        FLOOD,
        "Paris is the capital of France",
        RIVER.split(". ")[1],
    ]


def test_a_quote_is_given_in_code_points_of_the_stored_text():
    _, [citation], _ = cite("PARIS has 2102650 inhabitants [1].")
    assert citation == Citation(
        ref=1,
        source=SOURCES[0],
        source_start=20,
        source_end=92,
        answer_start=0,
        answer_end=33,
        quote=CITY,
        verdict="paraphrase",
        score=citation.score,
    )
    assert STORED[1][20:92] == citation.quote


def by_itself(text, *cited):
    stream = CitationStream(SOURCES)
    out = [*stream.feed(text), *(o for ref, quote in cited for o in stream.cite(ref, quote))]
    out += stream.finish()
    shown = "".join(o.text for o in out if isinstance(o, TextOut))
    told = [(shown[c.answer_start : c.answer_end], c.quote, c.verdict) for c in out if isinstance(c, Citation)]  # fmt: skip
    return shown, told, stream.grounding


def test_a_providers_own_citation_is_checked_against_the_source_and_gets_a_marker():
    quoted = "The last big flood was in 1910"
    assert by_itself("It flooded last in 1910.", (2, quoted)) == (
        "It flooded last in 1910. [1]",
        [("It flooded last in 1910. [1]", quoted, "paraphrase")],
        Grounding(1, 1, 0),
    )
    assert by_itself(f"{quoted}.", (2, f" {quoted.upper()} "))[1] == [
        (f"{quoted}. [1]", quoted, "verbatim")
    ]


@pytest.mark.parametrize(
    ("ref", "quote"), [(2, "The flood was in 1911"), (7, FLOOD), (1, FLOOD), (2, " ")]
)
def test_words_that_a_provider_invents_are_no_citation(ref, quote):
    assert by_itself("It flooded last in 1910.", (ref, quote)) == (
        "It flooded last in 1910.",
        [],
        Grounding(1, 0, 1),
    )


def test_text_flows_while_only_a_possible_marker_is_held():
    stream = CitationStream(SOURCES)
    out = [stream.feed(piece) for piece in ("Par", "is", " is", " [", "x] [", "1", "]")]
    assert out[:5] == [[TextOut("Par")], [TextOut("is")], [TextOut(" is")], [], [TextOut(" [x]")]]


def test_behind_a_tick_that_nothing_closes_text_is_held_for_a_while_only():
    stream = CitationStream(SOURCES)
    held = [*stream.feed(f"The ` key, and {FLOOD} [2]"), *stream.feed(", it says" * 10)]
    assert held == [TextOut(f"The ` key, and {FLOOD}")]
    shown = stream.feed(" and so on" * 40)
    assert (shown[0], len(shown)) == (TextOut(" [1]"), 3)


ANSWERS = st.lists(
    st.sampled_from(
        ["[", "]", "1", "2", "9", "[1]", "[2]", "[1, 2]", "【1】", "【", "】", ", ", " ", ". ", "\n", "\n\n", "`", "``", "```", "~~~", "-", "†",
         FLOOD, "According to ", "Paris is the capital of France", "The capital of France", "it floods Paris", "\u0301", "\U0001f30a"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(answer=ANSWERS, step=st.integers(1, 7))
def test_what_comes_out_does_not_depend_on_the_cuts(answer, step):
    assert cite(answer, step) == cite(answer)


@given(answer=ANSWERS | st.text())
def test_each_quote_is_the_stored_text_and_each_marker_is_at_its_place(answer):
    text, citations, grounding = cite(answer)
    for c in citations:
        stored = STORED[c.source.ref]
        assert stored[c.source_start : c.source_end] == c.quote
        assert text[c.answer_start : c.answer_end].endswith(f"[{c.ref}]")
    assert grounding.supported <= grounding.claims
    if "`" not in text:
        markers = re.findall(r"\[\d{1,3}\]", text)
        assert len(markers) == len(citations)


@given(source=st.text(min_size=1), start=st.integers(0, 99), claim=st.text())
def test_any_source_and_claim_keep_the_invariant(source, start, claim):
    stream = CitationStream([make_source(source, start=start)])
    out = [*stream.feed(f"{claim} [1] {source} [1]"), *stream.finish()]
    for c in (o for o in out if isinstance(o, Citation)):
        assert source[c.source_start - start : c.source_end - start] == c.quote
