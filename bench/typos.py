"""What misspelt words cost a search, and how much of it corrections bring back.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.typos [--sets xquad-en,cacm] [--vectors DIR]

One word of each question of the judged sets is misspelt as codespell's list says people do; questions without such a word are
left out. nDCG@10 as asked, misspelt, and corrected. A word in capitals is never corrected and otherwise the
same to the index and to the (uncased) model: that is how the misspelt run is made. `wrong` is the share of the questions as asked,
all of them, in which a word was "corrected", and what that changed. Ends with 1 when less than 85 % comes back.
"""

import argparse
import asyncio
import csv
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from uuid import UUID

from bench.relevance import Installed, document_vectors, installed
from bench.retrieval_sets import RetrievalSet, index_set, load_set
from core.scope import Scope
from search.answer import Correction, Mode, SearchRequest
from search.filters import Constraints
from search.metrics import ndcg_at_k
from search.query import plain
from search.rank import rank
from search.searcher import Searcher
from search.semantic import VectorCache
from search.spelling import spelt
from search.terms import stop_words
from tests.make import make_scope

SETS = (
    "retrieval/xquad-en", "retrieval/covid-faq-en", "rag/anthropic-codebase", "retrieval/cosqa-python",
    "retrieval/npl-vaswani", "retrieval/cacm", "retrieval/scifact",
)  # fmt: skip
MODES: tuple[Mode, ...] = ("lexical", "hybrid")
K = 10
REGAINED = 0.85
MISSPELLINGS = "text/codespell_misspellings.tsv"


@dataclass(frozen=True, slots=True)
class Asked:
    """One way to put the questions: nDCG@10 of each, and the corrections that were made."""

    ndcg: Mapping[str, float]
    corrections: Mapping[str, tuple[Correction, ...]]

    def mean(self, ids: Iterable[str]) -> float:
        return mean([self.ndcg[id_] for id_ in ids] or [0.0])


@dataclass(frozen=True, slots=True)
class Regained:
    name: str
    mode: Mode
    questions: int
    as_asked: float
    misspelt: float
    corrected: float
    right: float  # share of the misspelt words whose correction is the word that was asked
    changed: float  # share of all questions as asked in which a word was changed
    harm: float  # what that cost those questions

    @property
    def share(self) -> float:
        lost = self.as_asked - self.misspelt
        return (self.corrected - self.misspelt) / lost if lost else 1.0

    def row(self) -> str:
        return (
            f"| {self.name} | {self.mode} | {self.questions} | {self.as_asked:.3f} | {self.misspelt:.3f} |"
            f" {self.corrected:.3f} | {self.share:.0%} | {self.right:.0%} | {self.changed:.1%} | {self.harm:+.3f} |"
        )


HEAD = (
    "| set | mode | questions | as asked | misspelt | corrected | regained | right | changed as asked | by |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


async def main() -> None:
    given = arguments()
    rows: list[Regained] = []
    print(HEAD)
    async with installed() as opened:
        for folder in given.folders:
            retrieval_set = load_set(folder)
            for row in await measure(opened, retrieval_set, given=given):
                print(row.row(), flush=True)
                rows.append(row)
    sys.exit(report(rows))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sets", help="names, separated by commas")
    parser.add_argument("--vectors", type=Path, help="keep the documents' vectors here")
    given = parser.parse_args()
    data = os.environ.get("RECOLLECT_DATA")
    if data is None:
        parser.error("set RECOLLECT_DATA to the folder that holds retrieval/, rag/ and text/")
    wanted = given.sets.split(",") if given.sets else [Path(path).name for path in SETS]
    given.folders = [Path(data) / path for path in SETS if Path(path).name in wanted]
    given.misspellings = read_misspellings(Path(data) / MISSPELLINGS)
    return given


def read_misspellings(path: Path) -> dict[str, list[str]]:
    """Return how each word is misspelt."""
    known: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["misspelling"].isalpha() and row["corrections"].isalpha():
                known[row["corrections"].lower()].append(row["misspelling"].lower())
    return known


async def measure(
    opened: Installed, retrieval_set: RetrievalSet, *, given: argparse.Namespace
) -> list[Regained]:
    scope = await make_scope(opened.owner)
    resources = replace(opened.resources, embedder=opened.embedder)
    vectors = await document_vectors(retrieval_set, opened.embedder, folder=given.vectors)
    known = await index_set(
        resources, opened.owner, scope, retrieval_set=retrieval_set, vectors=vectors
    )
    searcher = Searcher(
        search_pool=resources.search, read_pool=resources.app, embedder=opened.embedder, redis=None,
        cursor_key=b"", semantic_timeout_s=5, lexical_timeout_s=5, vectors=VectorCache(size=20_000),
        real_words=resources.real_words,
    )  # fmt: skip
    questions = Questions(searcher, scope, retrieval_set, known)
    return [await questions.regained(mode, given.misspellings) for mode in MODES]


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions of one set, asked in a workspace that holds its documents."""

    searcher: Searcher
    scope: Scope
    retrieval_set: RetrievalSet
    known: Mapping[UUID, str]

    async def regained(self, mode: Mode, misspellings: Mapping[str, Sequence[str]]) -> Regained:
        texts = self.retrieval_set.queries
        slips = {
            id_: slip for id_, text in texts.items() if (slip := misspelt(id_, text, misspellings))
        }
        as_asked = await self.ask(texts, mode)
        uncorrected = await self.ask(
            {
                id_: texts[id_].replace(slip.word, slip.wrong.upper(), 1)
                for id_, slip in slips.items()
            },
            mode,
        )
        corrected = await self.ask(
            {id_: texts[id_].replace(slip.word, slip.wrong, 1) for id_, slip in slips.items()}, mode
        )
        changed = [id_ for id_ in texts if as_asked.corrections[id_]]
        as_typed = await self.ask(
            {id_: in_capitals(texts[id_], as_asked.corrections[id_]) for id_ in changed}, mode
        )
        right = [
            id_ for id_, slip in slips.items()
            if any(c.word == slip.wrong and c.correction == slip.word for c in corrected.corrections[id_])
        ]  # fmt: skip
        return Regained(
            self.retrieval_set.name, mode, len(slips),
            as_asked=as_asked.mean(slips), misspelt=uncorrected.mean(slips), corrected=corrected.mean(slips),
            right=len(right) / len(slips), changed=len(changed) / len(texts),
            harm=as_asked.mean(changed) - as_typed.mean(changed),
        )  # fmt: skip

    async def ask(self, texts: Mapping[str, str], mode: Mode) -> Asked:
        ndcg: dict[str, float] = {}
        corrections: dict[str, tuple[Correction, ...]] = {}
        for id_, text in texts.items():
            request = SearchRequest(q=text, mode=mode, syntax="plain")
            ranking = await rank(
                self.searcher, self.scope, request, query=plain(text), within=Constraints()
            )
            found = [self.known[hit.id] for hit in ranking.listed[:K]]
            ndcg[id_] = ndcg_at_k(found, self.retrieval_set.qrels[id_], k=K)
            corrections[id_] = tuple(c for c in ranking.frozen.corrections if c.applied)
        return Asked(ndcg, corrections)


@dataclass(frozen=True, slots=True)
class Slip:
    word: str
    wrong: str


def misspelt(id_: str, text: str, misspellings: Mapping[str, Sequence[str]]) -> Slip | None:
    """Return a word of the question and how it is misspelt, the same ones each time; stop words are passed over."""
    words = [word for part in text.split() if (word := spelt(part))]
    usable = [w for w in words if w in misspellings and w not in stop_words("en")]
    if not usable:
        return None
    chance = random.Random(id_)
    word = chance.choice(usable)
    return Slip(word, chance.choice(misspellings[word]))


def in_capitals(text: str, corrections: Iterable[Correction]) -> str:
    """Return the question so that these words are not corrected."""
    for correction in corrections:
        text = text.replace(correction.word, correction.word.upper())
    return text


def report(rows: Sequence[Regained]) -> int:
    """Print what comes back of all that is lost, sets counting alike; return the exit status."""
    shares = {mode: pooled([row for row in rows if row.mode == mode]) for mode in MODES}
    print("\n" + ", ".join(f"{mode}: {share:.0%} regained" for mode, share in shares.items()))
    return int(min(shares.values()) < REGAINED)


def pooled(rows: Sequence[Regained]) -> float:
    lost = sum(row.as_asked - row.misspelt for row in rows)
    return sum(row.corrected - row.misspelt for row in rows) / lost


if __name__ == "__main__":
    asyncio.run(main())
