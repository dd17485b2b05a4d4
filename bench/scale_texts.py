"""The real texts behind bench/scale.py: conversations and files of RECOLLECT_DATA, cut, analysed and embedded once each.

Conversations are topics of messages/lean-zulip, days of irc-threads and meetings of qmsum; files are some documents of a
set of retrieval/ or rag/ one after the other. Nothing is invented: whoever needs more takes the same ones again.
"""

import asyncio
import hashlib
import json
import lzma
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from bench.retrieval_sets import json_lines
from bench.serving import say
from ingest.chunk import chunk
from ingest.extract.segment import Segment
from search.embed import Embedder
from search.index import PassageText, _message_parts, _Place, _row
from search.traits import file_traits, text_traits
from search.wordpiece import load_token_counter

SEED: Final = 4512
SHARES: Final = {"lean-zulip": 0.7, "irc-threads": 0.2, "qmsum": 0.1}  # of the unique messages
LONGEST: Final = 200  # messages of a conversation; longer ones are cut into several
DOCUMENTS: Final = (1, 2, 4, 8, 16, 32)  # in a file
BOOK: Final = 20_000  # characters; a longer document would fill a small workspace alone
EXTENSIONS: Final = {"cosqa-python": "py", "anthropic-codebase": "rs"}
EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)  # of sets that tell no time
AT_ONCE: Final = 512  # texts handed to the model
KEPT: Final = np.dtype([("text", "u1", 32), ("vector", "<f2", 384)])
NOWHERE: Final = _Place(UUID(int=0), UUID(int=0), UUID(int=0), None, None, EPOCH, ())


@dataclass(frozen=True, slots=True)
class Analysed:
    """What the index says of a text wherever it stands; `vector` is its row in Library.vectors."""

    lang: str
    text_hash: bytes
    lexeme_count: int
    tsv: str
    traits: tuple[str, ...]
    vector: int


@dataclass(frozen=True, slots=True)
class Part:
    passage: PassageText
    analysed: Analysed


@dataclass(frozen=True, slots=True)
class Said:
    author: str
    text: str
    at: datetime
    traits: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    title: str
    messages: tuple[Said, ...]

    @property
    def passages(self) -> int:
        return sum(len(said.parts) for said in self.messages)


@dataclass(frozen=True, slots=True)
class Paper:
    name: str
    traits: tuple[str, ...]  # of every passage, beside its own
    segments: tuple[Segment, ...]
    parts: tuple[Part, ...]

    @property
    def passages(self) -> int:
        return len(self.parts)


@dataclass(frozen=True, slots=True)
class Library:
    talks: list[Talk]
    papers: list[Paper]
    authors: list[str]
    questions: list[str]  # of the sets, and messages that were not taken
    vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Line:
    """A message as its set has it."""

    talk: tuple[str, ...]
    title: str
    author: str
    text: str
    at: datetime


async def load_library(
    data: Path, embedder: Embedder, *, model_dir: Path, unique: tuple[int, int], kept: Path
) -> Library:
    """Read that many different texts of messages and of passages; vectors made before are read from the file `kept`."""
    began = time.monotonic()
    analyst = Analyst({})
    talks, left = read_talks(data / "messages", analyst, unique=unique[0])
    say(f"  read {len(talks):,} conversations, {analyst.rate(began)}")
    counter = load_token_counter(model_dir)
    papers: list[Paper] = []
    goal = len(analyst.known) + unique[1]
    for name, segments in read_files(data):
        if len(analyst.known) >= goal:
            break
        chunks = list(chunk(segments, counter))
        passages = [
            PassageText(n, c.start, c.end, c.page_first, c.page_last, c.headings, c.text)
            for n, c in enumerate(chunks)
        ]
        traits = file_traits(name.rpartition(".")[2], version=1)
        papers.append(Paper(name, tuple(traits), segments, analyst.parts(passages)))
    say(f"  read {len(papers):,} files, {analyst.rate(began)}")
    vectors = await embed_all(embedder, list(analyst.known), kept=kept)
    authors = sorted({said.author for talk in talks for said in talk.messages})
    return Library(talks, papers, authors, [*asked(data), *left], vectors)


@dataclass(frozen=True, slots=True)
class Analyst:
    """Analyses each text once, as the product's write side does."""

    known: dict[tuple[str, tuple[str, ...]], Analysed]

    def parts(self, passages: Iterable[PassageText]) -> tuple[Part, ...]:
        return tuple(Part(passage, self._analysed(passage)) for passage in passages)

    def rate(self, began: float) -> str:
        texts = len(self.known)
        return f"{texts:,} different texts, {texts / (time.monotonic() - began):,.0f}/s"

    def _analysed(self, passage: PassageText) -> Analysed:
        key = passage.text, passage.headings
        if key not in self.known:
            row = _row(NOWHERE, passage)
            text_hash = row.values["text_hash"]
            assert isinstance(text_hash, bytes)
            self.known[key] = Analysed(
                lang=str(row.values["lang"]),
                text_hash=text_hash,
                lexeme_count=row.lexemes,
                tsv=str(row.values["tsv"]),
                traits=tuple(text_traits(passage.text)),
                vector=len(self.known),
            )
        return self.known[key]


def read_talks(folder: Path, analyst: Analyst, *, unique: int) -> tuple[list[Talk], list[str]]:
    """Return conversations of every set by its share, and the questions among the messages that were left."""
    chance = random.Random(SEED)
    talks: list[Talk] = []
    left: list[str] = []
    for name, share in SHARES.items():
        lines = list(_said(folder / name, name))
        goal = len(analyst.known) + unique * share
        gathered = list(_gathered(lines))
        chance.shuffle(gathered)
        waiting = iter(gathered)
        while len(analyst.known) < goal and (taken := next(waiting, None)):
            talks.append(_talk(taken, analyst))
        left += [line.text for rest in waiting for line in rest if _is_question(line.text)]
    chance.shuffle(talks)
    return talks, left


def _gathered(lines: Iterable[Line]) -> Iterator[list[Line]]:
    by_talk: dict[tuple[str, ...], list[Line]] = defaultdict(list)
    for line in lines:
        by_talk[line.talk].append(line)
    for found in by_talk.values():
        for start in range(0, len(found), LONGEST):
            yield found[start : start + LONGEST]


def _talk(lines: list[Line], analyst: Analyst) -> Talk:
    messages = [
        Said(
            line.author,
            line.text,
            line.at,
            tuple(text_traits(line.text)),
            analyst.parts(_message_parts(line.text)),
        )
        for line in lines
        if line.text.strip()
    ]
    return Talk(lines[0].title, tuple(messages))


def _said(folder: Path, name: str) -> Iterator[Line]:
    if name == "lean-zulip":
        with lzma.open(folder / "messages.jsonl.xz", "rt", encoding="utf-8") as rows:
            yield from (_zulip(json.loads(row)) for row in rows)
        return
    for n, row in enumerate(json_lines(folder / "messages.jsonl.gz")):
        talk = row.get("file", row["channel"])
        at = EPOCH + timedelta(minutes=n)
        yield Line((talk,), Path(talk).stem, row["author"], row["text"].replace("\0", ""), at)


def _zulip(row: Mapping[str, str]) -> Line:
    at = datetime.fromtimestamp(float(row["ts"]), UTC)
    talk = row["channel"], row["topic"]
    return Line(talk, row["topic"], row["author"], row["text"].replace("\0", ""), at)


def _is_question(text: str) -> bool:
    return (
        text.rstrip().endswith("?")
        and 5 <= len(text.split()) <= 20
        and not set("`$<>[]@{}*") & set(text)
    )


def read_files(data: Path) -> Iterator[tuple[str, tuple[Segment, ...]]]:
    """Yield the sets' documents as files, mixed but the same each time; each document is a page."""
    chance = random.Random(SEED)
    files: list[tuple[str, list[Mapping[str, str]]]] = []
    for corpus in sorted(data.glob("r*/*/corpus.jsonl")):
        rows = (row for row in json_lines(corpus) if len(row["text"]) < BOOK)
        while some := list(islice(rows, chance.choice(DOCUMENTS))):
            files.append((corpus.parent.name, some))
    chance.shuffle(files)
    for name, rows in files:
        segments = [_segment(n, row) for n, row in enumerate(rows)]
        title = rows[0].get("title") or f"{name} {rows[0]['_id']}"
        yield f"{title}.{EXTENSIONS.get(name, 'txt')}", tuple(s for s in segments if s.text.strip())


def _segment(ordinal: int, row: Mapping[str, str]) -> Segment:
    text = f"{row.get('title') or ''}\n\n{row['text']}".strip().replace("\0", "")
    return Segment(ordinal, ordinal + 1, None, f"{text}\n")


def asked(data: Path) -> list[str]:
    """Return the questions of every set, but for those that are whole texts."""
    return [
        text
        for path in sorted(data.glob("*/*/queries.jsonl"))
        for row in json_lines(path)
        if len(text := " ".join(row["text"].split())) <= 200
    ]


async def embed_all(
    embedder: Embedder, keys: list[tuple[str, tuple[str, ...]]], *, kept: Path
) -> NDArray[np.float16]:
    """Return a row for each text; what the file lacks is made and added to it, so that a broken run loses little."""
    known = _kept_vectors(kept)
    digests = [hashlib.sha256(text.encode()).digest() for text, _ in keys]
    texts = {d: text for d, (text, _) in zip(digests, keys, strict=True) if d not in known}
    began, made = time.monotonic(), 0
    waiting = iter(texts.items())
    while batch := list(islice(waiting, AT_ONCE)):
        rows = await embedder.embed_documents([text for _, text in batch])
        found = np.zeros(len(batch), dtype=KEPT)
        found["text"] = [np.frombuffer(digest, dtype=np.uint8) for digest, _ in batch]
        found["vector"] = rows
        await asyncio.to_thread(_append, kept, found)
        known.update(zip([digest for digest, _ in batch], found["vector"], strict=True))
        made += len(batch)
        if made % (20 * AT_ONCE) < AT_ONCE:
            say(f"  embedded {made:,} of {len(texts):,}, {made / (time.monotonic() - began):.0f}/s")
    say(f"  embedded {made:,}, {len(keys) - made:,} were kept, {time.monotonic() - began:.0f} s")
    return np.stack([known[digest] for digest in digests])


def _kept_vectors(path: Path) -> dict[bytes, NDArray[np.float16]]:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return {}
    found = np.fromfile(path, dtype=KEPT)
    with path.open("r+b") as file:
        file.truncate(len(found) * KEPT.itemsize)  # half a row of a run that was cut off
    return {row["text"].tobytes(): row["vector"] for row in found}


def _append(path: Path, rows: NDArray[np.void]) -> None:
    with path.open("ab") as file:
        file.write(rows.tobytes())
