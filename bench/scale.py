"""Search at full size: 1 M messages and 200,000 file passages of 10,000 accounts in 200 workspaces, and a tenth of that.

    RECOLLECT_DATA=... .venv/bin/python -m bench.scale [--folder DIR] [--vectors DIR] [--unique 48000]

Builds both corpora from real texts and vectors of the real model (bench/scale_texts.py, bench/scale_corpus.py), starts the
product on each as `recollect serve` does, and measures over loopback: hybrid search at 20 queries/s of people drawn from
the members (open loop: bench/open_loop.py), queries of common words only, suggestions, statements a request, and the recall
of the semantic leg (bench/scale_recall.py). Every search is of a question that this run asks once, but for what the warm-up
repeats. --folder keeps the installations, --vectors what the model made. Prints Markdown tables.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import asyncpg

from app.embedded_postgres import start_postgres
from app.model_files import prepare_model
from bench.open_loop import HEAD, SEED, Ask, Round, ask_all
from bench.scale_corpus import Size, fill
from bench.scale_people import asks_of, make_askers, make_readers
from bench.scale_recall import HEAD as RECALL_HEAD
from bench.scale_recall import Reader, Recalls, close, patient_searcher, row
from bench.scale_statements import LISTED, count_statements, reset_statements
from bench.scale_texts import Library, load_library
from bench.serving import machine, open_line, product_in, say
from search.embed_onnx import OnnxEmbedder
from sql.migrate import migrate
from tests.faults.product import Product

# While loading. The product's own settings apply when it is measured.
LOADING: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "2GB",
    "max_parallel_maintenance_workers": "2",
    "max_wal_size": "4GB",
}
COMMON: Final = 40  # words that count as common
PEOPLE: Final = 300
WARM: Final = 150
COUNTED: Final = 40  # requests whose statements are counted
COMMON_RATE: Final = 2.0  # queries a second
SELECTED: Final = (0.01, 0.001)


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        folder: Path = (given.folder or Path(scratch)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        model_dir = prepare_model(folder)
        asyncio.run(measure(Bench(given, folder, model_dir, OnnxEmbedder(model_dir))))


async def measure(bench: "Bench") -> None:
    hybrid = {name: await bench.run(name) for name in bench.given.corpora.split(",")}
    bench.embedder.close()
    if hybrid.keys() == {"tenth", "whole"}:
        ratio = hybrid["whole"].p95 / hybrid["tenth"].p95
        say(f"\nTen times the corpus takes {ratio:.2f} times as long at p95 (reach: < 3).")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--passages", type=int, default=200_000, help="of files, about")
    parser.add_argument("--workspaces", type=int, default=200)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument(
        "--unique", type=int, default=48_000, help="different texts, each embedded once"
    )
    parser.add_argument("--folder", type=Path, help="keep the installations here")
    parser.add_argument("--vectors", type=Path, help="keep the vectors here")
    parser.add_argument("--corpora", default="tenth,whole")
    parser.add_argument("--seconds", type=int, default=60, help="of each open loop")
    parser.add_argument("--rate", type=float, default=20, help="queries a second")
    parser.add_argument("--recall", type=int, default=40, help="queries of each bucket")
    given = parser.parse_args()
    given.data = Path(os.environ.get("RECOLLECT_DATA", "."))
    if not (given.data / "messages/lean-zulip").is_dir():
        say("bench.scale: not measured, RECOLLECT_DATA names no folder with messages/lean-zulip")
        sys.exit(0)
    return given


@dataclass(frozen=True, slots=True)
class Asked:
    """What people ask: real questions, runs of common words out of real messages, and questions half typed."""

    questions: list[str]
    common: list[str]

    def typed(self, count: int) -> list[str]:
        chance = random.Random(SEED)
        found = list[str]()
        for text in islice(cycle(self.questions), count):
            words = text.split()
            at = chance.randrange(min(len(words), 4))
            found.append(" ".join([*words[:at], words[at][: chance.randint(2, 5)]]))
        return found


@dataclass(slots=True)
class Bench:
    given: argparse.Namespace
    folder: Path
    model_dir: Path
    embedder: OnnxEmbedder
    libraries: list[Library] = field(default_factory=list)

    async def run(self, name: str) -> Round:
        """Build a corpus, unless an earlier run left it, and measure on it; return the hybrid round."""
        home = self.folder / name / "home"
        await self._build(home, share=10 if name == "tenth" else 1)
        asked = Asked(**json.loads((home.parent / "asked.json").read_text(encoding="utf-8")))
        async with served(home) as (product, owner):
            counts = await owner.fetchrow(
                "SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM passage) AS passages"
            )
            assert counts is not None
            say(
                f"\n## The {name} of the corpus: {counts['messages']:,} messages, {counts['passages']:,} passages\n\n{machine()}\n"
            )
            return await Measured(self.given, product, owner, asked, self.embedder).run()

    async def _build(self, home: Path, *, share: int) -> None:
        if not is_to_fill(home):
            return
        library = await self._library()
        given = self.given
        size = Size(
            given.messages // share, given.passages // share, given.workspaces, given.accounts
        )
        say(f"filling {home} with {size}")
        server = await start_postgres(home / "postgres", options=LOADING)
        try:
            await migrate(server.url)
            await fill(server.url, library, size, model=self.embedder.model)
            owner = await asyncpg.connect(server.url)
            await owner.execute("CREATE EXTENSION pg_stat_statements")
            await owner.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
            await owner.execute("CHECKPOINT", timeout=600)
            size_bytes = await owner.fetchval("SELECT pg_database_size(current_database())")
            say(f"  the database takes {size_bytes / 1e9:.2f} GB")
            await owner.close()
        finally:
            await server.stop(timeout_s=60)
        asked = {"questions": library.questions, "common": common_runs(library)}
        (home.parent / "asked.json").write_text(json.dumps(asked), encoding="utf-8")

    async def _library(self) -> Library:
        if not self.libraries:
            given = self.given
            messages = given.unique * given.messages // (given.messages + given.passages)
            kept = (given.vectors or self.folder / "vectors") / f"{self.embedder.model}.vectors"
            say(f"reading {given.data}")
            library = await load_library(
                given.data, self.embedder,
                model_dir=self.model_dir, unique=(messages, given.unique - messages), kept=kept,
            )  # fmt: skip
            random.Random(SEED).shuffle(library.questions)
            self.libraries.append(library)
        return self.libraries[0]


def is_to_fill(home: Path) -> bool:
    """Say whether the home is new, and make it; one that an earlier run left half full ends the bench."""
    if (home.parent / "asked.json").exists():
        return False
    if home.exists():
        sys.exit(f"bench.scale: {home} was not filled to its end, remove it")
    home.mkdir(parents=True)
    return True


def common_runs(library: Library) -> list[str]:
    """Return runs of three to six words out of messages, none of them other than the commonest."""
    texts = [said.text.split() for talk in library.talks for said in talk.messages]
    counts = Counter(word.lower() for words in texts for word in set(words) if word.isalpha())
    common = {word for word, _ in counts.most_common(COMMON)}
    runs = dict[str, None]()
    for words in texts:
        run = list[str]()
        for word in [*words, ""]:
            if word.lower() in common and len(run) < 6:
                run.append(word)
                continue
            if len(run) >= 3:
                runs[" ".join(run)] = None
            run = []
    found = list(runs)
    random.Random(SEED).shuffle(found)
    return found


@asynccontextmanager
async def served(home: Path) -> AsyncGenerator[tuple[Product, asyncpg.Connection]]:
    """Lend the started product of a home, and a connection as the owner of its tables."""
    product = product_in(home)
    await product.start()
    try:
        owner = await asyncpg.connect(product.database_url())
        yield product, owner
        await owner.close()
    finally:
        await product.stop()


@dataclass(frozen=True, slots=True)
class Measured:
    given: argparse.Namespace
    product: Product
    owner: asyncpg.Connection
    asked: Asked
    embedder: OnnxEmbedder

    async def run(self) -> Round:
        """Print the tables; return the hybrid round."""
        askers = await make_askers(self.owner, PEOPLE)
        given, questions = self.given, iter(self.asked.questions)
        count = round(given.seconds * given.rate)
        few = max(round(given.seconds * COMMON_RATE), 20)
        common = islice(cycle(self.asked.common), few)
        warm = asks_of("/api/search?q=", islice(questions, WARM), askers)
        hybrid = asks_of("/api/search?q=", islice(questions, count), askers)
        suggested = asks_of("/api/search/suggest?q=", self.asked.typed(count), askers)
        commons = asks_of("/api/search?q=", common, askers)
        await self._one_by_one([*warm, *suggested[:WARM], *commons[:10]])
        await reset_statements(self.owner)
        say(HEAD)
        result = await ask_all(self.product, hybrid, rate=given.rate)
        say(result.row(f"hybrid, {given.rate:g} a second", "p50 <= 25, p95 < 100"))
        costly = await count_statements(self.owner, len(hybrid))
        found = await ask_all(self.product, commons, rate=COMMON_RATE)
        say(found.row(f"only common words, {COMMON_RATE:g} a second", "p99 < 250"))
        found = await ask_all(self.product, suggested, rate=given.rate)
        say(found.row(f"suggest, {given.rate:g} a second", "p95 < 50"))
        await reset_statements(self.owner)
        counted = asks_of("/api/search?q=", islice(questions, COUNTED), askers)
        await self._one_by_one(counted)
        each = await count_statements(self.owner, len(counted))
        say(
            f"\n{each.each:.1f} statements a search (reach: <= 8), and {each.around:.1f} around transactions."
        )
        say(f"\n{LISTED}")
        for line in costly.costliest:
            say(line)
        await self._recall(list(islice(questions, given.recall)))
        return result

    async def _one_by_one(self, asks: Sequence[Ask]) -> None:
        line = await open_line(self.product)
        for ask in asks:
            await line.get(ask.path, token=ask.token, workspace=ask.workspace)
        line.close()

    async def _recall(self, texts: Sequence[str]) -> None:
        searcher = await patient_searcher(self.product.database_url(), self.embedder)
        recalls = Recalls(self.owner, searcher)
        say(f"\n{RECALL_HEAD}")
        buckets = await make_readers(self.owner)
        for bucket, readers in buckets.items():
            await self._bucket(recalls, bucket, readers, texts, None)
        largest, readers = list(buckets.items())[-1]
        for share in SELECTED:
            await self._bucket(recalls, largest, readers, texts, share)
        await close(searcher)

    async def _bucket(
        self, recalls: Recalls, bucket: str, readers: Sequence[Reader], texts: Sequence[str], share: float | None
    ) -> None:  # fmt: skip
        pairs = zip(cycle(readers), texts)
        found = [await recalls.measure(reader, text, share=share) for reader, text in pairs]
        condition = "-" if share is None else f"newest {share:.1%}"
        say(row(bucket, condition, readers, found))


if __name__ == "__main__":
    main()
