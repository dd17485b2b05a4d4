"""Judged retrieval sets in the layout of RECOLLECT_DATA: corpus.jsonl, queries.jsonl, qrels.tsv.

load_set() reads one; index_set() puts its documents into a workspace as passages of one file, by the product's own write
side, with the vectors given, and refreshes the statistics.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from app.resources import Resources
from core.ids import new_id
from core.scope import Scope
from search.embed import Matrix
from search.index import Build, PassageText, index_passages, store_embeddings
from search.statistics import refresh

BATCH = 500


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    name: str
    documents: Mapping[str, str]  # title and text
    queries: Mapping[str, str]  # judged ones only
    qrels: Mapping[str, Mapping[str, float]]


def load_set(folder: Path) -> RetrievalSet:
    qrels = load_qrels(folder)
    documents = {
        row["_id"]: f"{row.get('title') or ''} {row['text']}".strip()
        for row in json_lines(folder / "corpus.jsonl")
    }
    queries = {
        row["_id"]: row["text"]
        for row in json_lines(folder / "queries.jsonl")
        if row["_id"] in qrels
    }
    return RetrievalSet(folder.name, documents, queries, qrels)


def load_qrels(folder: Path) -> Mapping[str, Mapping[str, float]]:
    """Return the grade of each judged document by query."""
    qrels: dict[str, dict[str, float]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query_id, document_id, grade = line.split("\t")
        qrels[query_id][document_id] = float(grade)
    return qrels


async def index_set(
    resources: Resources,
    owner: asyncpg.Connection,
    scope: Scope,
    *,
    retrieval_set: RetrievalSet,
    vectors: Matrix | None,
) -> dict[UUID, str]:
    """Return which document each passage is."""
    build = await _make_file(owner, scope)
    generation_id = await make_generation(owner, scope, resources.embedder.model)
    ids = list(retrieval_set.documents)
    cut = [
        PassageText(ordinal, 0, len(text), None, None, (), text)
        for ordinal, text in zip(_places(ids), retrieval_set.documents.values(), strict=True)
    ]
    known: dict[UUID, str] = {}
    for start in range(0, len(ids), BATCH):
        part, passages = ids[start : start + BATCH], cut[start : start + BATCH]
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            passage_ids = await index_passages(conn, build, passages)
            if vectors is not None:
                await store_embeddings(
                    conn, scope.workspace_id, generation_id=generation_id,
                    passage_ids=passage_ids, vectors=vectors[start : start + BATCH],
                )  # fmt: skip
        known |= dict(zip(passage_ids, part, strict=True))
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    await owner.execute("ANALYZE passage, embedding, item, access_grant, lexeme_stat")
    return known


def whole_of(id_: str) -> str:
    """Return what a document is a part of: "doc_1" of "doc_1#0"; nothing where it is whole."""
    return id_.rpartition("#")[0]


def _places(ids: Sequence[str]) -> list[int]:
    """Return each document's place in the file; only parts of one stand side by side."""
    places = list[int]()
    before = ""
    for id_ in ids:
        whole = whole_of(id_)
        step = 1 if whole and whole == before else 2
        places.append((places[-1] if places else 0) + step)
        before = whole
    return places


async def _make_file(owner: asyncpg.Connection, scope: Scope) -> Build:
    ws, file_id, build_id, version_id = scope.workspace_id, new_id(), new_id(), new_id()
    sha256 = build_id.bytes * 2
    for text, values in (
        ("INSERT INTO item (workspace_id, id, kind, owner_id, title, active_build_id) VALUES ($1, $2, 'file', $3, '', $4)", (ws, file_id, scope.account_id, build_id)),
        ("INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')", (ws, file_id, scope.account_id)),
        ("INSERT INTO file (workspace_id, id, state) VALUES ($1, $2, 'ready')", (ws, file_id)),
        ("INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, 1, '')", (ws, sha256)),
        ("INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name) VALUES ($1, $2, $3, 1, $4, 1, '')", (ws, version_id, file_id, sha256)),
        ("INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version) VALUES ($1, $2, $3, $4, 1)", (ws, build_id, file_id, version_id)),
    ):  # fmt: skip
        await owner.execute(text, *values)
    return Build(ws, file_id, build_id)


async def make_generation(owner: asyncpg.Connection, scope: Scope, model: str) -> UUID:
    generation_id = new_id()
    await owner.execute(
        "INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, $3, 'active')",
        scope.workspace_id, generation_id, model,
    )  # fmt: skip
    return generation_id


def json_lines(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the objects of a JSONL file, packed or not."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
