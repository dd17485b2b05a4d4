"""Judged messages in the layout of RECOLLECT_DATA: messages.jsonl.gz, queries.jsonl with their channel, qrels.tsv.

The files or channels of a set are conversations, written and indexed as the product does it. A question that was itself
posted (irc-threads) is no answer and must not help one: each stands in a conversation of its own, its place among the
others stays empty, and it is left out of the results of its query.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.resources import Resources
from bench.retrieval_sets import BATCH, RetrievalSet, json_lines, load_qrels, make_generation
from core.ids import new_id
from core.scope import Scope
from search.embed import Matrix
from search.index import MessageText, index_message, store_embeddings
from search.statistics import refresh
from tests.search.make import make_conversation

EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)  # of sets that tell no time
INSERT: Final = (
    "INSERT INTO message (workspace_id, id, conversation_id, seq, role, author_id, content, created_at) "
    "VALUES ($1, $2, $3, $4, 'user', $5, $6, $7)"
)


@dataclass(frozen=True, slots=True)
class MessageSet(RetrievalSet):
    """`documents` are the messages in the order they were posted, one conversation after the other."""

    authors: Mapping[str, str]
    conversations: Mapping[str, str]  # by message
    sources: Mapping[str, str]  # by query: the message that it was, where it was one
    within: Mapping[str, str]  # by query: the only conversation that is searched, where it has one

    def allowed(self, query_id: str) -> NDArray[np.bool_]:
        """Say of each document whether it may answer the query."""
        wanted, source = self.within.get(query_id), self.sources.get(query_id)
        return np.array(
            [wanted in {None, self.conversations[id_]} and id_ != source for id_ in self.documents]
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which conversations of a folder make a set, the busiest first, and whether a query asks its own alone."""

    folder: str
    part: slice
    own_channel: bool = False


EVERY: Final = slice(None)
CHOICES: Final[Mapping[str, Choice]] = {
    "irc-tuned": Choice("irc-threads", slice(0, 40, 2)),
    "irc-held-out": Choice("irc-threads", slice(1, 40, 2)),
    "irc-threads": Choice("irc-threads", EVERY),
    "molweni": Choice("molweni", EVERY, own_channel=True),
    "qmsum-eighth": Choice("qmsum", slice(0, None, 8), own_channel=True),
}


def load_messages(folder: Path, name: str, choice: Choice) -> MessageSet:
    """Read the chosen conversations of a set, and the judged queries about them."""
    talks: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in json_lines(folder / "messages.jsonl.gz"):
        talks[row.get("file", row["channel"])].append(row)
    home = {row["_id"]: talk for talk, rows in talks.items() for row in rows}
    qrels = load_qrels(folder)
    asked = [row for row in json_lines(folder / "queries.jsonl") if row["_id"] in qrels]
    of = {
        row["_id"]: home[source] if (source := row.get("source_message")) else row["channel"]
        for row in asked
    }
    questions = Counter(of.values())
    busiest = sorted(talks, key=lambda talk: (-questions[talk], talk))
    chosen = {talk: talks[talk] for talk in busiest[choice.part]}
    kept = [row for row in asked if of[row["_id"]] in chosen]
    rows = list(chain.from_iterable(chosen.values()))
    return MessageSet(
        name=name,
        documents={row["_id"]: row["text"] for row in rows},
        queries={row["_id"]: row["text"] for row in kept},
        qrels={row["_id"]: qrels[row["_id"]] for row in kept},
        authors={row["_id"]: row["author"] for row in rows},
        conversations={row["_id"]: home[row["_id"]] for row in rows},
        sources={row["_id"]: row["source_message"] for row in kept if "source_message" in row},
        within={row["_id"]: row["channel"] for row in kept} if choice.own_channel else {},
    )


@dataclass(frozen=True, slots=True)
class Indexed:
    """Which message each passage is, and which item each conversation."""

    passages: Mapping[UUID, str]
    items: Mapping[str, UUID]


async def index_messages(
    resources: Resources,
    owner: asyncpg.Connection,
    scope: Scope,
    *,
    message_set: MessageSet,
    vectors: Matrix,
) -> Indexed:
    """Post and index the messages, with the vectors given in the order of the documents."""
    generation_id = await make_generation(owner, scope, resources.embedder.model)
    items = {
        talk: await make_conversation(owner, scope, "")
        for talk in dict.fromkeys(message_set.conversations.values())
    }
    alone = await make_conversation(owner, scope, "")
    posted = list(_posted(scope, message_set, items=items, alone=alone))
    for start in range(0, len(posted), BATCH):
        await _post(resources, owner, scope, posted[start : start + BATCH])
    ids = dict(zip([text.message_id for text, _ in posted], message_set.documents, strict=True))
    rows = await owner.fetch(
        "SELECT id, message_id FROM passage WHERE workspace_id = $1", scope.workspace_id
    )
    passages = {row["id"]: ids[row["message_id"]] for row in rows}
    place = {id_: n for n, id_ in enumerate(message_set.documents)}
    passage_ids = list(passages)
    for start in range(0, len(passage_ids), BATCH):
        part = passage_ids[start : start + BATCH]
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            await store_embeddings(
                conn, scope.workspace_id, generation_id=generation_id, passage_ids=part,
                vectors=vectors[[place[passages[id_]] for id_ in part]],
            )  # fmt: skip
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    await owner.execute("ANALYZE passage, embedding, item, access_grant, lexeme_stat, message")
    return Indexed(passages, items)


def _posted(
    scope: Scope, message_set: MessageSet, *, items: Mapping[str, UUID], alone: UUID
) -> Iterator[tuple[MessageText, int]]:
    """Yield each message with its place; questions stand alone, far from each other."""
    sources = set(message_set.sources.values())
    for n, (id_, text) in enumerate(message_set.documents.items()):
        item_id, seq = items[message_set.conversations[id_]], n + 1
        if id_ in sources:
            item_id, seq = alone, 1_000 * (n + 1)
        at = EPOCH + timedelta(minutes=n)
        yield MessageText(scope.workspace_id, item_id, new_id(), scope.account_id, at, text), seq


async def _post(
    resources: Resources,
    owner: asyncpg.Connection,
    scope: Scope,
    posted: list[tuple[MessageText, int]],
) -> None:
    await owner.executemany(
        INSERT,
        [
            (m.workspace_id, m.message_id, m.conversation_id, seq, m.author_id, m.content, m.created_at)
            for m, seq in posted
        ],
    )  # fmt: skip
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        for message, _ in posted:
            await index_message(conn, message)
