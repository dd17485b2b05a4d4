"""How fast search is over 650,000 real messages, beside `ts_rank_cd` over all matches.

    RECOLLECT_DATA=/path/to/data .venv/bin/python -m bench.messages [--messages 650000] [--queries 100] [--folder DIR]

Data: messages/lean-zulip. Each channel is a conversation of one reader. Queries are real questions of the set (5 to 20
words), chosen by a fixed seed. Vectors are bags of hashed words (search.embed.FakeEmbedder): embedding 650,000 messages
takes an hour of the model and changes no latency of the index; what embedding a query costs is told by bench.search.
The index is loaded in bulk, then indexed (a quarter of an hour; --folder keeps it for the next run), then asked through
retrieve(). Prints a Markdown table.
"""

import argparse
import asyncio
import json
import lzma
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import asyncpg
import numpy as np

from app.embedded_postgres import start_postgres
from core.ids import new_id
from core.scope import Scope
from search.answer import Mode, SearchRequest
from search.embed import FakeEmbedder
from search.index import _message_parts, _Place, _row
from search.retrieve import Searcher, retrieve
from search.statistics import refresh
from search.terms import detect, document
from search.traits import text_traits
from sql.migrate import migrate
from sql.pool import encode_halfvec, open_pool
from tests.make import make_scope

SERVER = {
    "maintenance_work_mem": "2GB",
    "max_parallel_maintenance_workers": "2",
    "shared_buffers": "2GB",
    "fsync": "off",
}
SEED = 4512
BATCH = 5_000
GIN = "CREATE INDEX passage_workspace_id_tsv_idx ON passage USING gin (workspace_id, tsv) WITH (fastupdate = off)"
HNSW = (
    "CREATE INDEX embedding_vector_idx ON embedding USING hnsw ((vector::halfvec(384)) halfvec_ip_ops) "
    "WITH (m = 16, ef_construction = 64) WHERE vector_dims(vector) = 384"
)
TS_RANK_CD = """
    SELECT p.id FROM passage p
    WHERE p.workspace_id = $1 AND p.tsv @@ $2::text::tsquery
    ORDER BY ts_rank_cd(p.tsv, $2::text::tsquery) DESC, p.id LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class Message:
    channel: str
    author: str
    text: str
    at: datetime


async def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        server = await start_postgres(folder.absolute() / "postgres", options=SERVER)
        try:
            await bench(server.url, given)
        finally:
            await server.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Search over 650,000 real messages beside ts_rank_cd."
    )
    parser.add_argument("--messages", type=int, default=650_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument(
        "--reference", type=int, default=20, help="queries of ts_rank_cd, seconds each"
    )
    parser.add_argument("--folder", type=Path, help="keep the loaded database here")
    given = parser.parse_args()
    folder = os.environ.get("RECOLLECT_DATA")
    given.data = Path(folder or ".") / "messages/lean-zulip/messages.jsonl.xz"
    if not given.data.exists():
        say("bench.messages: not measured, RECOLLECT_DATA names no folder with messages/lean-zulip")
        sys.exit(0)
    return given


async def bench(url: str, given: argparse.Namespace) -> None:
    await migrate(url)
    owner = await asyncpg.connect(url)
    await owner.set_type_codec(
        "halfvec", schema="public", encoder=encode_halfvec, decoder=bytes, format="binary"
    )
    if not await owner.fetchval("SELECT count(*) FROM corpus_stat"):
        await build(owner, url, given)
    reader = await owner.fetchrow("SELECT account_id, workspace_id FROM membership")
    assert reader is not None
    scope = Scope(reader["account_id"], reader["workspace_id"], "owner")
    await compare(owner, url, scope, questions(given), reference=given.reference)
    await owner.close()


async def build(owner: asyncpg.Connection, url: str, given: argparse.Namespace) -> None:
    """Load, index and count, as the product leaves a workspace."""
    began = time.monotonic()
    scope = await load(owner, islice(read(given.data), given.messages))
    loaded_s = time.monotonic() - began
    say(f"loaded in {loaded_s:.0f} s; indexing")
    for statement in (GIN, HNSW, "VACUUM ANALYZE"):
        await owner.execute(statement, timeout=3600)
    say(f"indexed in {time.monotonic() - began - loaded_s:.0f} s; counting")
    worker = await open_pool(
        url, purpose="bench", role="recollect_worker", size=1, statement_timeout_ms=600_000
    )
    async with worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    await worker.close()


async def compare(
    owner: asyncpg.Connection, url: str, scope: Scope, asked: list[str], *, reference: int
) -> None:
    searcher = Searcher(
        search_pool=await open_pool(url, purpose="search", role="recollect_search", size=4),
        read_pool=await open_pool(url, purpose="app", role="recollect_app", size=4),
        embedder=FakeEmbedder(),
        redis=None,
        cursor_key=b"bench",
        semantic_timeout_s=10,
        lexical_timeout_s=10,
    )

    async def by_rank(text: str) -> None:
        found = document(text, detect(text))
        terms = {lexeme.rpartition(":")[0] for lexeme in found.tsv.split(" ") if lexeme}
        await owner.fetch(TS_RANK_CD, scope.workspace_id, " | ".join(sorted(terms)), timeout=120)

    def by_mode(mode: Mode) -> Callable[[str], Awaitable[None]]:
        async def ask(text: str) -> None:
            answer = await retrieve(
                searcher, scope, SearchRequest(q=text, mode=mode, syntax="plain")
            )
            assert answer.hits, text
            assert not answer.degraded, answer.degraded

        return ask

    ways = {"ts_rank_cd": by_rank, "lexical": by_mode("lexical"), "hybrid": by_mode("hybrid")}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for text in asked[:20]:  # warm
        await by_mode("hybrid")(text)
    for place, text in enumerate(asked):
        for name, ask in ways.items():
            if name == "ts_rank_cd" and place >= reference:
                continue
            began = time.perf_counter()
            await ask(text)
            took[name].append((time.perf_counter() - began) * 1000)
    await report(owner, took)
    await searcher.search_pool.close()
    await searcher.read_pool.close()


async def report(owner: asyncpg.Connection, took: dict[str, list[float]]) -> None:
    passages = await owner.fetchval("SELECT count(*) FROM passage")
    say(f"{platform.machine()}, {os.cpu_count()} cores, {passages:,} passages\n")
    say(
        "| way | queries | p50 ms | p95 ms | times faster at p95 |\n| --- | --- | --- | --- | --- |"
    )
    reference = np.percentile(took["ts_rank_cd"], 95)
    for name, values in took.items():
        p50, p95 = np.percentile(values, [50, 95])
        say(f"| {name} | {len(values)} | {p50:.1f} | {p95:.1f} | {reference / p95:.1f} |")


def read(path: Path) -> Iterator[Message]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)
            at = datetime.fromtimestamp(found["ts"], UTC)
            yield Message(found["channel"], found["author"], found["text"].replace("\0", ""), at)


def questions(given: argparse.Namespace) -> list[str]:
    """Return real questions of the messages that were loaded, without markup."""
    found = [
        " ".join(message.text.split())
        for message in islice(read(given.data), given.messages)
        if message.text.rstrip().endswith("?")
        and 5 <= len(message.text.split()) <= 20
        and not set("`$<>[]@") & set(message.text)
    ]
    return random.Random(SEED).sample(found, given.queries)


@dataclass(frozen=True, slots=True)
class Loader:
    """Writes messages, passages and vectors as the product does row by row, but in bulk."""

    owner: asyncpg.Connection
    scope: Scope
    generation_id: UUID
    conversations: dict[str, UUID]
    seqs: dict[str, int]

    async def add(self, batch: list[Message]) -> None:
        rows, texts, messages = [], [], []
        for message in batch:
            place = await self._place(message)
            seq = self.seqs[message.channel] = self.seqs.get(message.channel, 0) + 1
            messages.append(
                (self.scope.workspace_id, place.message_id, place.item_id, seq, "user", self.scope.account_id, message.text, message.at)
            )  # fmt: skip
            for part in _message_parts(message.text):
                rows.append(_row(place, part).values)
                texts.append(part.text)
        columns = [
            "workspace_id",
            "id",
            "conversation_id",
            "seq",
            "role",
            "author_id",
            "content",
            "created_at",
        ]
        await self.owner.copy_records_to_table("message", records=messages, columns=columns)
        await self.owner.executemany(
            INSERT_PASSAGE, [tuple(row[name] for name in PASSAGE) for row in rows]
        )
        await self._add_vectors([row["id"] for row in rows], texts)

    async def _add_vectors(self, ids: list[UUID], texts: list[str]) -> None:
        vectors = await FakeEmbedder().embed_documents(texts)
        await self.owner.copy_records_to_table(
            "embedding",
            records=[
                (self.scope.workspace_id, passage_id, self.generation_id, vector)
                for passage_id, vector in zip(ids, vectors, strict=True)
            ],
            columns=["workspace_id", "passage_id", "generation_id", "vector"],
        )

    async def _place(self, message: Message) -> _Place:
        if message.channel not in self.conversations:
            made = await make_conversation(self.owner, self.scope, message.channel)
            self.conversations[message.channel] = made
        talk = self.conversations[message.channel]
        traits = text_traits(message.text)
        return _Place(
            self.scope.workspace_id, talk, talk, new_id(), self.scope.account_id, message.at, traits
        )


async def load(owner: asyncpg.Connection, messages: Iterator[Message]) -> Scope:
    scope = await make_scope(owner, "reader")
    generation_id = new_id()
    await owner.execute(
        "INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, $3, 'active')",
        scope.workspace_id, generation_id, FakeEmbedder.model,
    )  # fmt: skip
    await owner.execute("DROP INDEX passage_workspace_id_tsv_idx, embedding_vector_idx")
    loader = Loader(owner, scope, generation_id, {}, {})
    while batch := list(islice(messages, BATCH)):
        await loader.add(batch)
    return scope


async def make_conversation(owner: asyncpg.Connection, scope: Scope, title: str) -> UUID:
    item_id, workspace_id = new_id(), scope.workspace_id
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'conversation', $3, $4)",
        workspace_id, item_id, scope.account_id, title,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        workspace_id, item_id, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO conversation (workspace_id, id) VALUES ($1, $2)", workspace_id, item_id
    )
    return item_id


PASSAGE = (
    "workspace_id", "id", "item_id", "build_id", "message_id", "ordinal", "span_start", "span_end", "lang", "author_id",
    "created_at", "text_hash", "lexeme_count", "tsv",
)  # fmt: skip
INSERT_PASSAGE = (
    f"INSERT INTO passage ({', '.join(PASSAGE)})"
    f" VALUES ({', '.join(f'${n}' for n in range(1, len(PASSAGE)))}, ${len(PASSAGE)}::text::tsvector)"
)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
