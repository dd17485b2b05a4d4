"""Fill an empty database with the corpus of bench/scale.py, as the product leaves it, but in bulk.

Workspaces have Zipf sizes and members in proportion. Conversations and files come as units, mixed over all workspaces, so
that the rows of one lie apart as they do in a database that grew. Six conversations of ten and half of the files are
shared with the workspace, the others with some members or nobody. Rows go in by COPY, without triggers; all indexes but
the keys are dropped before and built after, as the schema defines them.
"""

import io
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, cycle, islice
from typing import Final, TypeVar
from uuid import UUID
from zlib import crc32

import asyncpg

from bench.scale_texts import SEED, Library, Paper, Part, Talk
from bench.serving import say
from core.blobs import new_key
from core.ids import new_id
from search.statistics import refresh
from sql.pool import encode_halfvec, open_pool

SHARED_TALKS, SHARED_FILES = 0.6, 0.5
SECOND: Final = 0.2  # of the accounts belong to two workspaces
GUESTS: Final = 0.03
LEAST_MEMBERS: Final = 3
BATCH: Final = 10_000  # passages
REFRESH_MS: Final = 600_000
INDEXES: Final = """
    SELECT i.indexname, replace(i.indexdef, ' ON ONLY ', ' ON ') AS indexdef
    FROM pg_indexes i
    WHERE i.schemaname = 'public' AND i.tablename = ANY ('{message,item,passage,embedding,lexeme_stat}')
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
    ORDER BY i.tablename, i.indexname
"""
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "account": ("id", "email", "name", "password_hash", "personal_workspace_id"),
    "workspace": ("id", "name", "kind", "index_seq"),
    "membership": ("workspace_id", "account_id", "role"),
    "generation": ("workspace_id", "id", "model", "state"),
    "item": ("workspace_id", "id", "kind", "owner_id", "title", "extension", "active_build_id", "updated_at"),
    "access_grant": ("workspace_id", "item_id", "principal_id", "role"),
    "conversation": ("workspace_id", "id", "last_seq"),
    "message": ("workspace_id", "id", "conversation_id", "seq", "role", "author_id", "content", "created_at"),
    "file": ("workspace_id", "id", "media_type", "state", "segments_done", "segments_total", "passages_total", "passages_embedded"),
    "blob": ("workspace_id", "sha256", "size_bytes", "key"),
    "file_version": ("workspace_id", "id", "file_id", "version", "sha256", "size_bytes", "name"),
    "build": ("workspace_id", "id", "file_id", "version_id", "pipeline_version", "segments_done", "finished_at"),
    "text_segment": ("workspace_id", "build_id", "ordinal", "page", "span_start", "content"),
    "embedding": ("workspace_id", "passage_id", "generation_id", "vector"),
}  # fmt: skip
PASSAGE: Final = (
    "workspace_id", "id", "item_id", "build_id", "message_id", "author_id", "created_at", "ordinal", "span_start", "span_end",
    "page_first", "page_last", "headings", "lang", "text_hash", "lexeme_count", "tsv", "traits",
)  # fmt: skip
NULL: Final = "\\N"
Text = TypeVar("Text", Talk, Paper)
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Size:
    messages: int
    passages: int  # of files
    workspaces: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Workspace:
    id: UUID
    generation_id: UUID
    members: list[UUID]
    messages: int
    passages: int


@dataclass(frozen=True, slots=True)
class Phases:
    """Tells how long each phase took, and what it is for 100,000 rows."""

    began: list[float] = field(default_factory=lambda: [time.monotonic()])

    def done(self, what: str, rows: int) -> None:
        now = time.monotonic()
        took, self.began[0] = now - self.began[0], now
        say(
            f"  {what}: {rows:,} rows in {took:.0f} s, {100_000 * took / max(rows, 1):.1f} s for 100,000"
        )


async def fill(url: str, library: Library, size: Size, *, model: str) -> None:
    """Write the corpus into a migrated, empty database whose owner the URL names."""
    owner = await asyncpg.connect(url)
    await owner.set_type_codec(
        "halfvec", schema="public", encoder=encode_halfvec, decoder=bytes, format="binary"
    )
    await owner.execute("SET session_replication_role = replica")  # no checks of foreign keys
    phases = Phases()
    indexes = await owner.fetch(INDEXES)
    for row in indexes:
        await owner.execute(f"DROP INDEX {row['indexname']}")
    corpus = Corpus(owner, library, model)
    workspaces = await corpus.found(size)
    phases.done("accounts and workspaces", size.accounts)
    rows = await corpus.write(workspaces)
    phases.done("copied", rows)
    await owner.execute("ANALYZE", timeout=3600)
    await _count(url, workspaces)
    phases.done("statistics", rows)
    for row in indexes:
        await owner.execute(row["indexdef"], timeout=6 * 3600)
        phases.done(row["indexname"], rows)
    await owner.execute("VACUUM ANALYZE", timeout=3600)
    phases.done("vacuum", rows)
    await owner.close()


async def _count(url: str, workspaces: Sequence[Workspace]) -> None:
    worker = await open_pool(
        url, purpose="bench", role="recollect_worker", size=1, statement_timeout_ms=REFRESH_MS
    )
    for workspace in workspaces:
        async with worker.tenant_tx(workspace.id) as conn:
            await refresh(conn, workspace.id)
    await worker.close()


@dataclass(slots=True)
class Corpus:
    owner: asyncpg.Connection
    library: Library
    model: str
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)  # of passages: asyncpg has no binary tsvector

    async def found(self, size: Size) -> list[Workspace]:
        """Write accounts, workspaces and who belongs to which; return the workspaces that get content."""
        weights = [1 / rank for rank in range(1, size.workspaces + 1)]
        ids = [new_id() for _ in weights]
        members = self._members(ids, weights, size.accounts)
        for rank, ws in enumerate(ids, start=1):
            self._add("workspace", ws, f"workspace {rank}", "shared", 1)
        workspaces = [
            Workspace(
                ws, new_id(), members[ws],
                round(size.messages * weight / sum(weights)), round(size.passages * weight / sum(weights)),
            )
            for ws, weight in zip(ids, weights, strict=True)
        ]  # fmt: skip
        for workspace in workspaces:
            self._add("generation", workspace.id, workspace.generation_id, self.model, "active")
        await self._flush()
        return workspaces

    def _members(
        self, ids: list[UUID], weights: list[float], accounts: int
    ) -> dict[UUID, list[UUID]]:
        members: dict[UUID, list[UUID]] = {ws: [] for ws in ids}
        ends = list(accumulate(weights))
        for n, name in enumerate(islice(cycle(self.library.authors), accounts)):
            account, own = new_id(), new_id()
            self._add("account", account, f"member-{n}@example.org", name, "-", own)
            self._add("workspace", own, name, "personal", 0)
            self._add("membership", own, account, "owner")
            first = [ids[n // LEAST_MEMBERS]] if n < LEAST_MEMBERS * len(ids) else []
            second = 1 + (self.chance.random() < SECOND) - len(first)
            drawn = self.chance.choices(ids, cum_weights=ends, k=max(second, 0))
            for ws in {*first, *drawn}:
                role = "guest" if self.chance.random() < GUESTS else "member"
                self._add("membership", ws, account, role if members[ws] else "owner")
                members[ws].append(account)
        return members

    async def write(self, workspaces: Sequence[Workspace]) -> int:
        """Write every conversation and file; return how many passages they have."""
        units = [unit for workspace in workspaces for unit in self._units(workspace)]
        self.chance.shuffle(units)
        began, written, told = time.monotonic(), 0, 0
        for workspace, unit, most in units:
            if isinstance(unit, Talk):
                self._talk(workspace, unit, most)
            else:
                self._file(workspace, unit)
            if len(self.lines) >= BATCH:
                written += len(self.lines)
                await self._flush()
                if written - told >= 10 * BATCH:
                    told = written
                    say(f"  copied {written:,}, {written / (time.monotonic() - began):,.0f}/s")
        written += len(self.lines)
        await self._flush()
        return written

    def _units(self, workspace: Workspace) -> Iterator[tuple[Workspace, Talk | Paper, int]]:
        """Yield what the workspace holds: texts in turn from a place of its own, again when there are no more."""
        left = workspace.messages
        for talk in self._in_turn(self.library.talks):
            if left <= 0:
                break
            yield workspace, talk, left
            left -= len(talk.messages)
        left = workspace.passages
        for paper in self._in_turn(self.library.papers):
            if left <= 0:
                break
            yield workspace, paper, left
            left -= paper.passages

    def _in_turn(self, texts: list[Text]) -> Iterator[Text]:
        return islice(cycle(texts), self.chance.randrange(len(texts)), None)

    def _talk(self, workspace: Workspace, talk: Talk, most: int) -> None:
        ws, item_id = workspace.id, new_id()
        messages = talk.messages[:most]
        people = self._item(
            workspace, item_id, shared=self.chance.random() < SHARED_TALKS, title=talk.title
        )
        self._add("conversation", ws, item_id, len(messages))
        for seq, said in enumerate(messages, start=1):
            message_id = new_id()
            author = people[crc32(said.author.encode()) % len(people)]
            self._add("message", ws, message_id, item_id, seq, "user", author, said.text, said.at)
            place = f"{item_id}\t{item_id}\t{message_id}\t{author}\t{said.at.isoformat()}"
            for part in said.parts:
                self._passage(workspace, place, part, traits=said.traits)

    def _file(self, workspace: Workspace, paper: Paper) -> None:
        ws, file_id, version_id, build_id = workspace.id, new_id(), new_id(), new_id()
        shared, pages = self.chance.random() < SHARED_FILES, len(paper.segments)
        people = self._item(workspace, file_id, shared=shared, title=paper.name, build_id=build_id)
        sha256, size_bytes = build_id.bytes * 2, sum(len(s.text) for s in paper.segments)
        self._add(
            "file", ws, file_id, "text/plain", "ready", pages, pages, paper.passages, paper.passages
        )
        self._add("blob", ws, sha256, size_bytes, new_key(ws))
        self._add("file_version", ws, version_id, file_id, 1, sha256, size_bytes, paper.name)
        at = (
            self.chance.choice(self.library.talks).messages[0].at
        )  # an upload's time, from those of the messages
        self._add("build", ws, build_id, file_id, version_id, 1, pages, at)
        start = 0
        for segment in paper.segments:
            self._add(
                "text_segment", ws, build_id, segment.ordinal, segment.page, start, segment.text
            )
            start += len(segment.text)
        place = f"{file_id}\t{build_id}\t\\N\t{people[0]}\t{at.isoformat()}"
        for part in paper.parts:
            traits = {*paper.traits, *part.analysed.traits}
            self._passage(workspace, place, part, traits=traits)

    def _item(
        self,
        workspace: Workspace,
        item_id: UUID,
        *,
        shared: bool,
        title: str,
        build_id: UUID | None = None,
    ) -> list[UUID]:
        """Write an item and who may read it; return the people in it, its owner first."""
        ws, kind = workspace.id, "conversation" if build_id is None else "file"
        extension = "" if build_id is None else title.rpartition(".")[2]
        most = min(len(workspace.members), 8 if build_id is None else 3)
        people = self.chance.sample(workspace.members, self.chance.randint(1, most))
        at = self.chance.choice(self.library.talks).messages[-1].at
        self._add("item", ws, item_id, kind, people[0], title, extension, build_id, at)
        self._add("access_grant", ws, item_id, people[0], "owner")
        for other in [ws] if shared else people[1:]:
            self._add("access_grant", ws, item_id, other, "reader")
        return workspace.members if shared and build_id is None else people

    def _passage(
        self, workspace: Workspace, place: str, part: Part, *, traits: Iterable[str]
    ) -> None:
        passage, text, passage_id = part.passage, part.analysed, new_id()
        headings = ",".join(f'"{_quoted(heading)}"' for heading in passage.headings)
        self.lines.append(
            f"{workspace.id}\t{passage_id}\t{place}\t{passage.ordinal}\t{passage.start}\t{passage.end}"
            f"\t{passage.page_first or NULL}\t{passage.page_last or NULL}\t{_escaped('{' + headings + '}')}"
            f"\t{text.lang}\t\\\\x{text.text_hash.hex()}\t{text.lexeme_count}\t{_escaped(text.tsv)}\t{{{','.join(sorted(traits))}}}\n"
        )
        vector = self.library.vectors[text.vector]
        self._add("embedding", workspace.id, passage_id, workspace.generation_id, vector)

    def _add(self, table: str, *values: object) -> None:
        self.rows.setdefault(table, []).append(values)

    async def _flush(self) -> None:
        for table, rows in self.rows.items():
            await self.owner.copy_records_to_table(table, records=rows, columns=COLUMNS[table])
        if self.lines:
            source = io.BytesIO("".join(self.lines).encode())
            await self.owner.copy_to_table("passage", source=source, columns=PASSAGE)
        self.rows, self.lines = {}, []


def _quoted(heading: str) -> str:
    return heading.replace("\\", "\\\\").replace('"', '\\"')


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
