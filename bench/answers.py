"""How good answers are without a language model or by the local one, when they abstain, and what a reply adds to a provider's first word.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.answers [--questions 100] [--words 50] [--mode lexical] [--model local]

Questions of rag/anthropic-codebase (gold: the chunk) and rag/chunking-evaluation (gold: spans) are answered as a run answers
them: retrieved, packed, extracted, every citation checked. A citation is right when it touches gold. Abstention is measured
on the same questions asked of the other set's texts, where nothing answers them, and on Molweni's answerable and
unanswerable questions, each in its own conversation. Last, replies by a scripted server, beside the server's own first word.
`--model local` has the local model answer (half a minute a question on a busy machine), and asks it nothing but the two sets.
Prints Markdown tables; ends with 1 when a quote is not in its source.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID, uuid4

import numpy as np
import structlog

from app.chat_models import ChatModels, open_chat_models
from app.child import Command, spawn, until_ready
from app.model_files import model_folder
from app.model_recipes import MINILM
from app.settings import CHECKOUT, Settings, environment_of, local_socket
from bench.chunking import questions as span_questions
from bench.message_sets import CHOICES, index_messages, load_messages
from bench.relevance import Installed, installed
from bench.retrieval_sets import json_lines, load_set, make_generation
from core.scope import Scope
from ingest.chunk import chunk
from ingest.extract.segment import Segment
from llm.chat import Delta, Source
from llm.citations import Citation, CitationStream
from llm.extractive import bearing
from llm.openai import OpenAIChat
from llm.options import ReplyOptions
from llm.prompt import build_prompt
from llm.retrieval import Wanted, find_sources
from search.answer import Mode
from search.embed import Matrix
from search.index import Build, PassageText, index_passages, store_embeddings
from search.searcher import Searcher
from search.statistics import refresh
from search.wordpiece import load_token_counter
from tests.llm.replying import make_run, work
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from tests.search.make import make_item

FLOORS: Final = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
SEED: Final = 4512
Gold = Sequence[tuple[str, int, int]]  # document, and the span of it


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    gold: Gold


@dataclass(frozen=True, slots=True)
class Shelf:
    """A set of texts in a workspace of its own."""

    name: str
    scope: Scope
    searcher: Searcher
    mode: Mode
    documents: Mapping[UUID, str]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Answered:
    """One question answered: how much bears on it, and of its citations which are right and which quote truly."""

    bearing: float
    citations: int
    right: int
    touched: int
    gold: int
    true_quotes: int


async def main() -> None:
    given = arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    async with installed() as opened, chat_models(given) as models:
        shelves = [await codebase(opened, given), await essays(opened, given)]
        own = {shelf.name: await answer_all(shelf, shelf.questions, models) for shelf in shelves}
        quality(own)
        other = {
            "asked of the other texts": [
                answered
                for shelf, stranger in (shelves, shelves[::-1])
                for answered in await answer_all(shelf, stranger.questions, models)
            ]
        }
        if given.model == "local":
            quality(other)
        else:
            curve({**own, **other, **await molweni(opened, given)})
            await first_words(opened, count=given.words)
    every = [answered for answers in own.values() for answered in answers]
    sys.exit(any(a.true_quotes != a.citations for a in every))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--questions", type=int, help="of each set, drawn by a fixed seed")
    parser.add_argument("--mode", choices=("hybrid", "lexical"), default="hybrid", help="lexical embeds nothing")  # fmt: skip
    parser.add_argument("--model", choices=("extractive", "local"), default="extractive", help="local: after `recollect models pull local`")  # fmt: skip
    parser.add_argument("--words", type=int, default=50, help="replies by the scripted server")
    given = parser.parse_args()
    if "RECOLLECT_DATA" not in os.environ:
        parser.error("set RECOLLECT_DATA to the folder that holds rag/ and messages/")
    given.data = Path(os.environ["RECOLLECT_DATA"])
    return given


@asynccontextmanager
async def chat_models(given: argparse.Namespace) -> AsyncGenerator[ChatModels]:
    """Lend the chat models, the one asked for as their default; the local one's server runs meanwhile."""
    if given.model == "extractive":
        async with open_chat_models(Settings(chat_model="extractive")) as models:
            yield models
        return
    with TemporaryDirectory() as folder:
        settings = Settings(llm="local", embed_socket=Path(folder) / "embed.sock")

        async def is_ready() -> bool:
            return local_socket(settings).exists()

        argv = (sys.executable, "-m", "app.local_model_process")
        env = {**os.environ, **environment_of(settings)}
        child = await spawn(
            Command("model", argv, env=env, cwd=CHECKOUT), output=sys.stderr.fileno()
        )
        try:
            async with open_chat_models(settings) as models:
                await until_ready(child, is_ready, timeout_s=120)
                yield models
        finally:
            await child.stop()


async def codebase(opened: Installed, given: argparse.Namespace) -> Shelf:
    found = load_set(given.data / "rag/anthropic-codebase")
    asked = [
        Question(text, [(doc, 0, len(found.documents[doc])) for doc in found.qrels[query_id]])
        for query_id, text in found.queries.items()
    ]
    return await shelve(opened, given, found.documents, name="anthropic-codebase", asked=asked)


async def essays(opened: Installed, given: argparse.Namespace) -> Shelf:
    folder = given.data / "rag/chunking-evaluation"
    texts = {row["_id"]: row["text"] for row in json_lines(folder / "corpus.jsonl")}
    asked = [
        Question(q.text, [(q.corpus, start, end) for start, end in q.spans])
        for q in span_questions(folder)
    ]
    return await shelve(opened, given, texts, name="chunking-evaluation", asked=asked)


def drawn(asked: list[Question], given: argparse.Namespace) -> list[Question]:
    most = given.questions or len(asked)
    return asked if len(asked) <= most else random.Random(SEED).sample(asked, most)


async def shelve(
    opened: Installed,
    given: argparse.Namespace,
    texts: Mapping[str, str],
    *,
    name: str,
    asked: list[Question],
) -> Shelf:
    """Cut, index and embed texts as the product does, one file each."""
    scope = await make_scope(opened.owner)
    count = load_token_counter(
        model_folder(opened.resources.settings.recollect_home, MINILM.spec.model)
    )
    generation_id = await make_generation(opened.owner, scope, opened.embedder.model)
    documents: dict[UUID, str] = {}
    for doc, text in texts.items():
        build = await make_build(opened, scope, text)
        documents[build.file_id] = doc
        cut = [
            PassageText(n, c.start, c.end, None, None, c.headings, c.text)
            for n, c in enumerate(chunk([Segment(0, None, None, text)], count))
        ]
        vectors = await embedded(opened, given, [passage.text for passage in cut])
        async with opened.resources.worker.tenant_tx(scope.workspace_id) as conn:
            ids = await index_passages(conn, build, cut)
            await store_embeddings(
                conn, scope.workspace_id, generation_id=generation_id, passage_ids=ids, vectors=vectors
            )  # fmt: skip
    async with opened.resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    await opened.owner.execute("ANALYZE passage, embedding, item, access_grant, lexeme_stat")
    print(f"indexed {name}", file=sys.stderr, flush=True)
    return Shelf(
        name, scope, searcher_of(opened, given), given.mode, documents, drawn(asked, given)
    )


async def embedded(opened: Installed, given: argparse.Namespace, texts: Sequence[str]) -> Matrix:
    """Return the vectors of texts; zeros where words alone are searched for."""
    if given.mode == "lexical":
        return np.zeros((len(texts), opened.embedder.dimension), dtype=np.float32)
    return await opened.embedder.embed_documents(texts)


async def make_build(opened: Installed, scope: Scope, text: str) -> Build:
    """Make a ready file of one text."""
    file_id, ws = await make_item(opened.owner, scope, "file", "text"), scope.workspace_id
    build_id, version_id = uuid4(), uuid4()
    for statement, values in (
        ("INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, 1, '')", (ws, build_id.bytes * 2)),
        ("INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name) VALUES ($1, $2, $3, 1, $4, 1, '')", (ws, version_id, file_id, build_id.bytes * 2)),
        ("INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version) VALUES ($1, $2, $3, $4, 1)", (ws, build_id, file_id, version_id)),
        ("INSERT INTO text_segment (workspace_id, build_id, ordinal, span_start, content) VALUES ($1, $2, 0, 0, $3)", (ws, build_id, text)),
        ("UPDATE item SET active_build_id = $2 WHERE workspace_id = $1 AND id = $3", (ws, build_id, file_id)),
    ):  # fmt: skip
        await opened.owner.execute(statement, *values)
    return Build(ws, file_id, build_id)


def searcher_of(opened: Installed, given: argparse.Namespace) -> Searcher:
    embedder = None if given.mode == "lexical" else opened.embedder
    return Searcher(
        search_pool=opened.resources.search, read_pool=opened.resources.app, embedder=embedder, redis=None,
        cursor_key=b"", semantic_timeout_s=5, lexical_timeout_s=5, real_words=opened.resources.real_words,
    )  # fmt: skip


async def answer_all(shelf: Shelf, asked: Sequence[Question], models: ChatModels) -> list[Answered]:
    return [await answer(shelf, question, models) for question in asked]


async def answer(shelf: Shelf, question: Question, models: ChatModels) -> Answered:
    wanted = Wanted(question.text, question.text, UUID(int=0), ReplyOptions(mode=shelf.mode))
    found = await find_sources(shelf.searcher, shelf.scope, wanted)
    citations = await cited(models, question.text, found.sources)
    spans = [(shelf.documents[c.source.item_id], c.source_start, c.source_end) for c in citations]
    return Answered(
        bearing=bearing(question.text, found.sources),
        citations=len(citations),
        right=sum(any(touches(span, gold) for gold in question.gold) for span in spans),
        touched=sum(any(touches(span, gold) for span in spans) for gold in question.gold),
        gold=len(question.gold),
        true_quotes=sum(is_true(citation) for citation in citations),
    )


async def cited(models: ChatModels, question: str, sources: Sequence[Source]) -> list[Citation]:
    """Return the citations of the answer."""
    if not sources:
        return []
    stream = CitationStream(sources)
    out: list[object] = []
    model = models.get(models.default, question=question, sources=sources)
    prompt = build_prompt(question, sources)
    async with aclosing(model.stream(prompt.messages, max_tokens=256)) as events:
        async for event in events:
            if isinstance(event, Delta):
                out += stream.feed(event.text)
    out += stream.finish()
    return [piece for piece in out if isinstance(piece, Citation)]


def is_true(citation: Citation) -> bool:
    source = citation.source
    at = slice(citation.source_start - source.start, citation.source_end - source.start)
    return source.text[at] == citation.quote != ""


def touches(one: tuple[str, int, int], other: tuple[str, int, int]) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


async def molweni(opened: Installed, given: argparse.Namespace) -> dict[str, list[Answered]]:
    """Return how much bears on questions that a conversation answers, and on those that it does not."""
    folder = given.data / "messages/molweni"
    messages = load_messages(folder, "molweni", CHOICES["molweni"])
    scope = await make_scope(opened.owner)
    resources = replace(opened.resources, embedder=opened.embedder)
    vectors = await embedded(opened, given, list(messages.documents.values()))
    indexed = await index_messages(
        resources, opened.owner, scope, message_set=messages, vectors=vectors
    )
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    random.Random(SEED).shuffle(rows)
    searcher, told = searcher_of(opened, given), dict[str, list[Answered]]()
    options = ReplyOptions(mode=given.mode, sources="conversation")
    for category in ("answerable", "unanswerable"):
        asked = [
            row for row in rows if row["category"] == category and row["channel"] in indexed.items
        ]
        answers = list[Answered]()
        for row in asked[: given.questions or 311]:
            wanted = Wanted(row["text"], row["text"], indexed.items[row["channel"]], options)
            found = await find_sources(searcher, scope, wanted)
            answers.append(Answered(bearing(row["text"], found.sources), 0, 0, 0, 0, 0))
        told[f"molweni, {category}"] = answers
    return told


def quality(own: Mapping[str, Sequence[Answered]]) -> None:
    say(
        "| set | questions | answered | gold cited | citation precision | citation recall | verified quotes |"
    )
    say("| --- | --- | --- | --- | --- | --- | --- |")
    for name, answers in own.items():
        made = sum(a.citations for a in answers)
        say(
            f"| {name} | {len(answers)} | {share([a.citations > 0 for a in answers])} "
            f"| {share([a.right > 0 for a in answers])} | {sum(a.right for a in answers) / max(made, 1):.3f} "
            f"| {sum(a.touched for a in answers) / max(sum(a.gold for a in answers), 1):.3f} "
            f"| {sum(a.true_quotes for a in answers) / max(made, 1):.3f} |"
        )


def curve(groups: Mapping[str, Sequence[Answered]]) -> None:
    say(
        "\nShare that is answered, by the least share of a question that the best passage must hold:\n"
    )
    say(f"| questions | n | {' | '.join(map(str, FLOORS))} |")
    say(f"| --- | --- | {' | '.join('---' for _ in FLOORS)} |")
    for name, answers in groups.items():
        at = (share([a.bearing >= floor for a in answers]) for floor in FLOORS)
        say(f"| {name} | {len(answers)} | {' | '.join(at)} |")


async def first_words(opened: Installed, *, count: int) -> None:
    """Time replies from the claim of their job to their first words, and the server's own first word."""
    scope = await make_scope(opened.owner)
    ours, own = list[float](), list[float]()
    async with vendor_server(Reply()) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        for _ in range(count + 5):
            run = await make_run(opened.owner, opened.resources, scope, model="openai:m")
            await work(opened.resources, run, model)
            ours.append(await opened.owner.fetchval("SELECT first_token_ms FROM run WHERE id = $1", run.id))  # fmt: skip
            began = time.perf_counter()
            async with aclosing(model.stream([], max_tokens=9)) as events:
                await anext(events)
            own.append((time.perf_counter() - began) * 1000)
        await model.aclose()
    added = [mine - its for mine, its in zip(ours[5:], own[5:], strict=True)]
    p95 = statistics.quantiles(added, n=20)[-1]
    say(
        f"\nFirst words over the provider's own, {count} replies: p50 {statistics.median(added):.1f}, p95 {p95:.1f} ms"
    )


def share(flags: Sequence[bool]) -> str:
    return f"{sum(flags) / max(len(flags), 1):.3f}"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
