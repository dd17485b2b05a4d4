"""The write side: passages and vectors of files and messages, written in the transaction that changes their content.

Every function takes the caller's open transaction and never commits. Whatever changes what search can find raises the
workspace's index_seq exactly once; it and the rows become visible together.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from core.ids import new_id
from search.embed import Matrix
from search.index_seq import note_raised
from search.terms import detect, document
from search.traits import IMAGES, file_traits, message_traits, text_traits
from sql import execute, execute_many, fetch_one, read, write
from sql.pool import Conn

PART_CHARACTERS: Final = (
    1_000  # of a long message: about what the embedder reads at once (256 tokens)
)


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message as it now reads; author_id is None for a model's words, and for a person's from elsewhere."""

    workspace_id: UUID
    conversation_id: UUID
    message_id: UUID
    author_id: UUID | None
    created_at: datetime
    content: str
    role: Literal["user", "assistant"] = "user"


@dataclass(frozen=True, slots=True)
class Build:
    """The build whose passages are written; hidden from search until it is the item's active_build_id."""

    workspace_id: UUID
    file_id: UUID
    build_id: UUID


@dataclass(frozen=True, slots=True)
class PassageText:
    """A chunk of a file's text: text[start:end] of the whole, in code points; pages are 1-based."""

    ordinal: int
    start: int
    end: int
    page_first: int | None
    page_last: int | None
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a passage belongs."""

    workspace_id: UUID
    item_id: UUID
    build_id: UUID  # of a message: its conversation's id
    message_id: UUID | None
    author_id: UUID | None
    created_at: datetime
    traits: Sequence[str]  # of every passage (search/traits.py)


@dataclass(frozen=True, slots=True)
class _Seq:
    index_seq: int


@dataclass(frozen=True, slots=True)
class _Weight:
    passages: int
    lexemes: int


@dataclass(frozen=True, slots=True)
class _News:
    """What can be found from now on: some passages of an item, or (None) whatever it shows."""

    item_id: UUID
    passage_ids: tuple[UUID, ...] | None


@dataclass(frozen=True, slots=True)
class _File:
    owner_id: UUID
    created_at: datetime
    extension: str
    version: int


@dataclass(frozen=True, slots=True)
class _Gone:
    """What a message's passages weighed, and what its row says that new ones hold."""

    passages: int
    lexemes: int
    traits: list[str]


_note_shown_items = write("index.sql", "note_shown_items")
_raise_index_seq = write("index.sql", "raise_index_seq", _Seq)
_add_passage = write("index.sql", "add_passage")
_copy_passages = write("index.sql", "copy_passages", _Weight)
_remove_message_passages = write("index.sql", "remove_message_passages", _Gone)
_remove_build_passages = write("index.sql", "remove_build_passages", _Weight)
_find_indexed_file = read("index.sql", "find_indexed_file", _File)
_add_vector = write("index.sql", "add_vector")


async def index_message(conn: Conn, message: MessageText) -> int:
    """Make a new or edited message findable by its words; return the index_seq from which on it is."""
    gone = await _clear(conn, message.workspace_id, message.message_id)
    place = _Place(
        message.workspace_id,
        message.conversation_id,
        message.conversation_id,
        message.message_id,
        message.author_id,
        message.created_at,
        [*gone.traits, *message_traits(message.content, role=message.role)],
    )
    added = await _add(conn, place, list(_message_parts(message.content)))
    weight = _Weight(len(added.ids) - gone.passages, added.lexemes - gone.lexemes)
    news = _News(message.conversation_id, added.ids) if added.ids else None
    return await _raised(conn, message.workspace_id, weight, news=news)


async def index_messages(conn: Conn, messages: Sequence[MessageText]) -> int | None:
    """Make new messages of one conversation findable by their words, as one change; None without any.

    Each is given way after: to cut and analyse thousands of texts takes seconds, in which others are served.
    """
    if not messages:
        return None
    ids: list[UUID] = []
    lexemes = 0
    for message in messages:
        place = _Place(
            message.workspace_id,
            message.conversation_id,
            message.conversation_id,
            message.message_id,
            message.author_id,
            message.created_at,
            message_traits(message.content, role=message.role),
        )
        added = await _add(conn, place, list(_message_parts(message.content)))
        ids += added.ids
        lexemes += added.lexemes
    conversation = messages[0]
    return await _raised(
        conn,
        conversation.workspace_id,
        _Weight(len(ids), lexemes),
        news=_News(conversation.conversation_id, tuple(ids)) if ids else None,
    )


async def remove_message(conn: Conn, workspace_id: UUID, *, message_id: UUID) -> int:
    """Take a deleted message out of the index; return the index_seq from which on it is gone."""
    gone = await _clear(conn, workspace_id, message_id)
    return await _raised(conn, workspace_id, _Weight(-gone.passages, -gone.lexemes))


async def index_passages(conn: Conn, build: Build, passages: Sequence[PassageText]) -> list[UUID]:
    """Write a file's passages and raise index_seq; return their ids, in order. Safe to repeat after remove_passages()."""
    file = await fetch_one(
        conn, _find_indexed_file, workspace_id=build.workspace_id, file_id=build.file_id
    )
    place = _Place(
        build.workspace_id,
        build.file_id,
        build.build_id,
        None,
        file.owner_id,
        file.created_at,
        file_traits(file.extension, version=file.version),
    )
    added = await _add(conn, place, passages)
    weight = _Weight(len(added.ids), added.lexemes)
    news = _News(build.file_id, added.ids) if added.ids else None
    await _raised(conn, build.workspace_id, weight, news=news)
    return list(added.ids)


async def copy_passages(
    conn: Conn, build: Build, *, twin: Build, generation_id: UUID, ordinals: range
) -> int:
    """Give a build those passages of another one, of equal text, with their vectors; return how many there were."""
    ids = [new_id() for _ in ordinals]
    added = await fetch_one(
        conn,
        _copy_passages,
        workspace_id=build.workspace_id,
        file_id=build.file_id,
        build_id=build.build_id,
        twin_file_id=twin.file_id,
        twin_build_id=twin.build_id,
        generation_id=generation_id,
        first=ordinals.start,
        ids=ids,
    )
    news = _News(build.file_id, tuple(ids[: added.passages])) if added.passages else None
    await _raised(conn, build.workspace_id, added, news=news)
    return added.passages


async def remove_passages(conn: Conn, build: Build) -> int:
    """Delete all passages of a build, with their vectors; return the index_seq."""
    gone = await fetch_one(
        conn, _remove_build_passages,
        workspace_id=build.workspace_id, file_id=build.file_id, build_id=build.build_id,
    )  # fmt: skip
    return await _raised(conn, build.workspace_id, _Weight(-gone.passages, -gone.lexemes))


async def index_seq_raised(conn: Conn, workspace_id: UUID, *, shown: UUID | None = None) -> int:
    """Count a change of what can be found that is none of passages: a title, a grant, the bin, a build shown.

    `shown` is an item that somebody sees from now on, whole: news to saved searches.
    """
    news = None if shown is None else _News(shown, None)
    return await _raised(conn, workspace_id, _Weight(0, 0), news=news)


async def items_shown(conn: Conn, workspace_id: UUID, item_ids: Sequence[UUID]) -> int:
    """Count items that somebody sees from now on, whole, as one change; news to saved searches."""
    await execute(
        conn,
        _note_shown_items,
        workspace_id=workspace_id,
        news_ids=[new_id() for _ in item_ids],
        item_ids=item_ids,
    )
    return await index_seq_raised(conn, workspace_id)


async def store_embeddings(
    conn: Conn,
    workspace_id: UUID,
    *,
    generation_id: UUID,
    passage_ids: Sequence[UUID],
    vectors: Matrix,
) -> int:
    """Store one row of `vectors` for each passage that is still there; return the index_seq."""
    await add_vectors(
        conn, workspace_id, generation_id=generation_id, passage_ids=passage_ids, vectors=vectors
    )
    return await _raised(conn, workspace_id, _Weight(0, 0))


async def add_vectors(
    conn: Conn,
    workspace_id: UUID,
    *,
    generation_id: UUID,
    passage_ids: Sequence[UUID],
    vectors: Matrix,
) -> None:
    """Do the same for a generation that search does not use: nothing that can be found changes."""
    rows: list[dict[str, object]] = [
        {
            "workspace_id": workspace_id,
            "generation_id": generation_id,
            "passage_id": passage_id,
            "vector": vector,
        }
        for passage_id, vector in zip(passage_ids, vectors, strict=True)
    ]
    await execute_many(conn, _add_vector, rows)


async def _clear(conn: Conn, workspace_id: UUID, message_id: UUID) -> _Gone:
    return await fetch_one(
        conn, _remove_message_passages,
        workspace_id=workspace_id, message_id=message_id, images=list(IMAGES),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Added:
    ids: tuple[UUID, ...]
    lexemes: int


async def _add(conn: Conn, place: _Place, passages: Sequence[PassageText]) -> _Added:
    rows = [_row(place, passage) for passage in passages]
    await execute_many(conn, _add_passage, [row.values for row in rows])
    return _Added(tuple(row.id for row in rows), sum(row.lexemes for row in rows))


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    lexemes: int
    values: dict[str, object]


def _row(place: _Place, passage: PassageText) -> _Row:
    lang = detect(passage.text)
    analysed = document(passage.text, lang, headings=" ".join(passage.headings))
    passage_id = new_id()
    values: dict[str, object] = {
        "workspace_id": place.workspace_id,
        "id": passage_id,
        "item_id": place.item_id,
        "build_id": place.build_id,
        "message_id": place.message_id,
        "ordinal": passage.ordinal,
        "span_start": passage.start,
        "span_end": passage.end,
        "page_first": passage.page_first,
        "page_last": passage.page_last,
        "headings": list(passage.headings),
        "lang": lang,
        "author_id": place.author_id,
        "created_at": place.created_at,
        "text_hash": hashlib.sha256(passage.text.encode()).digest()[:16],
        "lexeme_count": analysed.lexeme_count,
        "tsv": analysed.tsv,
        "traits": _passage_traits(place, passage),
    }
    return _Row(passage_id, analysed.lexeme_count, values)


def _passage_traits(place: _Place, passage: PassageText) -> list[str]:
    """Return what is true of the whole, and of a file's passage what is in it."""
    own = text_traits(passage.text) if place.message_id is None else []
    return sorted({*place.traits, *own})


async def _raised(
    conn: Conn, workspace_id: UUID, weight: _Weight, *, news: _News | None = None
) -> int:
    row = await fetch_one(
        conn,
        _raise_index_seq,
        workspace_id=workspace_id,
        passages=weight.passages,
        lexemes=weight.lexemes,
        news_id=new_id(),
        news_item_id=news.item_id if news else None,
        news_passage_ids=news.passage_ids if news else None,
    )
    note_raised(row.index_seq)
    return row.index_seq


def _message_parts(content: str) -> Iterator[PassageText]:
    """Cut a message into passages: as one, or where a paragraph, a line, a sentence or at least a word ends."""
    start, ordinal = 0, 0
    while start < len(content):
        end = _cut(content, start)
        text = content[start:end].strip()
        if text:
            first = start + len(content[start:end]) - len(content[start:end].lstrip())
            yield PassageText(ordinal, first, first + len(text), None, None, (), text)
            ordinal += 1
        start = end


def _cut(content: str, start: int) -> int:
    limit = start + PART_CHARACTERS
    if len(content) <= limit + PART_CHARACTERS // 5:  # no tail too short to mean anything
        return len(content)
    for mark in ("\n\n", "\n", ". ", " "):
        at = content.rfind(mark, start + PART_CHARACTERS // 2, limit)
        if at >= 0:
            return at + len(mark)
    return limit
