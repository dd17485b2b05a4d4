import json
from collections.abc import Sequence
from pathlib import Path

import bm25s

from llm.chat import Delta, Finish, Source, Usage
from llm.citations import Citation, CitationStream, TextOut
from llm.extractive import LABEL, ExtractiveChat, pick
from llm.prompt import ABSTENTION
from tests.llm.make_source import make_source
from tests.llm.vendor_server import collect

DATA = Path(__file__).parents[1] / "data" / "claims"
CITY = make_source(
    "Paris is the capital of France. It was rebuilt by Haussmann in the 1850s.", ref=1
)
RIVER = make_source(
    "# The Seine\n\n1. The Seine `flows`\nthrough Paris [12]. Bananas grow in Ecuador and are yellow.",
    ref=2,
)


async def answer(question: str, sources: Sequence[Source]) -> tuple[str, list[tuple[str, str]]]:
    """Return the stored text and the citations' quotes with their verdicts."""
    events, _ = await collect(ExtractiveChat(question, sources).stream([], max_tokens=9))
    stream = CitationStream(sources)
    out = [o for event in events if isinstance(event, Delta) for o in stream.feed(event.text)]
    out += stream.finish()
    text = "".join(o.text for o in out if isinstance(o, TextOut))
    return text, [(o.quote, o.verdict) for o in out if isinstance(o, Citation)]


async def test_the_sentences_that_bear_on_the_question_are_quoted_and_cited():
    text, quotes = await answer("Which river flows through Paris?", [CITY, RIVER])
    assert text == f"{LABEL}\n\n- The Seine flows through Paris. [1]"
    assert quotes == [("The Seine `flows`\nthrough Paris", "normalised")]


async def test_it_streams_like_a_model():
    events, how = await collect(
        ExtractiveChat("capital of France", [CITY]).stream([], max_tokens=9)
    )
    assert (events, how) == (
        [
            Delta(f"{LABEL}\n"),
            Delta("\n- Paris is the capital of France. [1]"),
            Usage(0, 0),
            Finish("stop"),
        ],
        "ended",
    )


async def test_it_abstains_when_nothing_bears_on_the_question():
    for question, sources in (
        ("Who won the cup in 1998?", [CITY, RIVER]),
        ("Paris?", []),
        ("?!", [CITY]),
    ):
        events, _ = await collect(ExtractiveChat(question, sources).stream([], max_tokens=9))
        assert events == [Delta(ABSTENTION), Usage(0, 0), Finish("abstained")]


def test_a_repeated_sentence_is_given_once():
    extracts = pick("capital of France", [CITY, make_source(CITY.text, ref=2)])
    assert [(extract.ref, extract.text) for extract in extracts] == [
        (1, "Paris is the capital of France.")
    ]


def questions() -> list[tuple[str, list[list[int]]]]:
    lines = (DATA / "state_of_the_union_questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["question"], row["spans"]) for row in map(json.loads, lines)]


def passages(text: str, size: int = 900) -> list[Source]:
    return [
        make_source(text[at : at + size], ref=at // size + 1, start=at)
        for at in range(0, len(text), size)
    ]


async def test_extracts_reach_the_gold_and_are_all_verified():
    """On a real speech, the hardest of the five texts that were measured: its questions name a speaker it does not name.

    Measured when written: 56 of 76 answered, 50 touch the gold. The floors stand a little below, to catch a loss."""
    found = passages((DATA / "state_of_the_union.txt").read_text(encoding="utf-8"))
    index = bm25s.BM25()
    index.index(
        bm25s.tokenize([s.text for s in found], stopwords="en", show_progress=False),
        show_progress=False,
    )
    hits = answered = extracts = verified = 0
    for question, gold in questions():
        asked = bm25s.tokenize([question], stopwords="en", show_progress=False)
        top, _ = index.retrieve(asked, k=5, show_progress=False)
        sources = [found[at] for at in top[0]]
        picked = pick(question, sources)
        _, quotes = await answer(question, sources)
        spans = [(s.start + s.text.find(q), q) for q, _ in quotes for s in sources if q in s.text]
        answered += bool(picked)
        hits += any(at < end and start < at + len(q) for at, q in spans for start, end in gold)
        extracts += len(picked)
        verified += len([v for _, v in quotes if v != "paraphrase"])
    total = len(questions())
    assert (answered >= 0.7 * total, hits >= 0.6 * total) == (True, True), (answered, hits, total)
    assert verified >= 0.98 * extracts, (verified, extracts)
