"""The log of one run: what a reply's readers see, committed before it is shown, and the run's one end.

The table run_event is the log; Redis gets a copy after each commit (docs/adr/0003-the-log-is-in-postgresql.md). Everything
is written under the lease of the run's job, and seq has one writer, so a worker that lost its lease adds nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Literal, Protocol
from uuid import UUID

import orjson

from core.errors import LeaseLost, Unavailable
from core.events import END, Event, change_topic
from core.ids import new_id
from core.scope import Scope
from llm.chat import Usage
from llm.citations import Citation, Grounding, TextOut
from search.index import MessageText, index_message
from search.notices import Happening, notice_topic, tell
from sql import execute, execute_many, fetch_one, fetch_opt, read, write
from sql.changes import note_change
from sql.fence import Fence
from sql.pool import Conn

Announce = Callable[[UUID, Sequence[Event]], Awaitable[None]]
Then = Callable[[Conn], Awaitable[None]]
RunState = Literal["running", "complete", "stopped", "abstained", "interrupted", "failed"]
LONGEST_DELTA = 8_000  # characters of one event, which with JSON's escapes stays below 64 KB
_RETRY_S = 0.25


class EmbedLater(Protocol):
    """What has a message's passages embedded: workers.queue.enqueue_embed_message."""

    async def __call__(
        self, conn: Conn, scope: Scope, *, message_id: UUID, revision: int
    ) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """An event before it has its seq."""

    kind: str
    data: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends; `error` is for a person, `retryable` says whether asking again may help.

    `answered_by` is the model that wrote, "" where none did, and `saw_images` whether it took those that it was shown;
    `cost_micros` are millionths of a US dollar.
    """

    state: RunState
    usage: Usage | None = None
    grounding: Grounding | None = None
    error_code: str = ""
    error: str = ""
    retryable: bool = False
    answered_by: str = ""
    saw_images: bool = True
    cost_micros: int = 0
    first_token_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    state: RunState
    last_seq: int
    stop_requested: bool


@dataclass(frozen=True, slots=True)
class _Appended:
    last_seq: int
    stop_requested: bool


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


@dataclass(frozen=True, slots=True)
class _Ended:
    last_seq: int
    conversation_id: UUID
    prompt_message_id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True)
class _Reply:
    """`is_looked_at`: it began a branch, which who asked for it reads from now on."""

    created_at: datetime
    is_looked_at: bool


FIND_PROGRESS = read("run.sql", "find_progress", Progress)
APPEND_EVENTS = write("run.sql", "append_events", _Appended)
ADD_CITATION = write("run.sql", "add_citation")
FIND_SHOWN_TEXT = read("run.sql", "find_shown_text", _Text)
END_RUN = write("run.sql", "end_run", _Ended)
ADD_EVENT = write("run.sql", "add_event")
ADD_REPLY = write("run.sql", "add_reply", _Reply)


class RunLog:
    """Appends to a run's log. `stop_requested` is as of the last append."""

    def __init__(self, fence: Fence, run_id: UUID, *, last_seq: int, announce: Announce) -> None:
        self.fence = fence
        self.run_id = run_id
        self.last_seq = last_seq
        self.stop_requested = False
        self.first_text_at: float | None = None  # of time.monotonic()
        self._announce = announce
        self._turn = asyncio.Lock()  # first come, first served

    async def append(
        self, entries: Sequence[Entry], *, cited: Sequence[Citation] = (), then: Then | None = None
    ) -> None:
        """Commit the entries, the rows of the citations among them and what `then` does, then show them, in the order of the calls.

        A database that is away is waited for: the lease's keeper ends a wait that takes too long.
        """
        rows = [_citation_row(self.run_id, citation) for citation in cited]
        every = [*entries, *(_cited(row) for row in rows)]
        async with self._turn:
            await self._commit_for_certain(every, rows, then)
            first = self.last_seq + 1
            events = [Event(n, e.kind, e.data) for n, e in enumerate(every, start=first)]
            self.last_seq += len(every)
            await self._announce(self.run_id, events)

    async def append_pieces(self, pieces: Sequence[TextOut | Citation]) -> None:
        """Append an answer's text and citations in their order; a citation comes behind the text that it stands in."""
        text = "".join(piece.text for piece in pieces if isinstance(piece, TextOut))
        deltas = [
            Entry("delta", _json({"text": text[at : at + LONGEST_DELTA]}))
            for at in range(0, len(text), LONGEST_DELTA)
        ]
        cited = [piece for piece in pieces if isinstance(piece, Citation)]
        if deltas or cited:
            await self.append(deltas, cited=cited)
            self.first_text_at = self.first_text_at or time.monotonic()

    async def end(
        self, ending: Ending, *, embed_later: EmbedLater, then: Then | None = None
    ) -> None:
        """End the run and its job in one transaction; whoever ended the run before has the last word.

        `then` is done in that transaction where this end is the run's.
        """
        async with self.fence.last_tx() as conn:
            event = await end_run(
                conn,
                self.fence.workspace_id,
                run_id=self.run_id,
                ending=ending,
                embed_later=embed_later,
            )
            if event is not None and then is not None:
                await then(conn)
        if event is not None:
            await self._announce(self.run_id, [event])

    async def _commit_for_certain(
        self, entries: Sequence[Entry], citations: list[dict[str, object]], then: Then | None
    ) -> None:
        while True:
            try:
                self.stop_requested = await self._commit(entries, citations, then)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
            else:
                return

    async def _commit(
        self, entries: Sequence[Entry], citations: list[dict[str, object]], then: Then | None
    ) -> bool:
        run = {"workspace_id": self.fence.workspace_id, "run_id": self.run_id}
        async with self.fence.tx() as conn:
            appended = await fetch_opt(
                conn,
                APPEND_EVENTS,
                **run,
                last_seq=self.last_seq,
                kinds=[entry.kind for entry in entries],
                datas=[entry.data for entry in entries],
            )
            if appended is not None:
                if citations:
                    await execute_many(conn, ADD_CITATION, [{**row, **run} for row in citations])
                if then is not None:
                    await then(conn)
                return appended.stop_requested
            progress = await fetch_one(conn, FIND_PROGRESS, **run)
        if (progress.state, progress.last_seq) != ("running", self.last_seq + len(entries)):
            raise LeaseLost(f"The run {self.run_id} was ended or continued by somebody else.")
        return progress.stop_requested  # the commit was done; only its answer was lost


async def end_run(
    conn: Conn, workspace_id: UUID, *, run_id: UUID, ending: Ending, embed_later: EmbedLater
) -> Event | None:
    """Write the run's end, and its text as a message; return the last event, None when the run has ended before."""
    run = {"workspace_id": workspace_id, "run_id": run_id}
    text = (await fetch_one(conn, FIND_SHOWN_TEXT, **run)).text
    reply_id = new_id() if text else None
    ended = await fetch_opt(
        conn,
        END_RUN,
        **run,
        state=ending.state,
        content=text,
        usage=_json_or_empty(ending.usage),
        grounding=_json_or_empty(ending.grounding),
        error_code=ending.error_code,
        error=ending.error,
        retryable=ending.retryable,
        reply_message_id=reply_id,
        answered_by=ending.answered_by,
        first_token_ms=ending.first_token_ms,
        input_tokens=ending.usage.input_tokens if ending.usage else 0,
        output_tokens=ending.usage.output_tokens if ending.usage else 0,
        cost_micros=ending.cost_micros,
    )
    if ended is None:
        return None
    changed = partial(
        note_change,
        conn,
        workspace_id=workspace_id,
        conversation_id=ended.conversation_id,
        actor_id=ended.account_id,
    )
    if reply_id is not None:
        await changed(kind="message.created", subject_id=reply_id)
    await changed(kind="run.ended", subject_id=run_id)
    if reply_id is not None:
        reply = _NewReply(workspace_id, ended.conversation_id, reply_id, text)
        added = await _add_reply(conn, reply, run_id=run_id, ended=ended, embed_later=embed_later)
        if added.is_looked_at:
            await changed(kind="leaf.changed", subject_id=reply_id)
        if ending.state in ("complete", "abstained"):  # who stopped it knows
            finished = Happening("reply.finished", ended.conversation_id, reply_id, run_id)
            await tell(conn, workspace_id, finished, account_ids=[ended.account_id])
    data = _end_data(ending, reply_id)
    nudges = (change_topic(ended.conversation_id), notice_topic(ended.account_id))
    event = Event(ended.last_seq, END, data, nudges)
    await execute(conn, ADD_EVENT, **run, seq=event.seq, kind=event.kind, data=event.data)
    return event


@dataclass(frozen=True, slots=True)
class _NewReply:
    workspace_id: UUID
    conversation_id: UUID
    id: UUID
    content: str


async def _add_reply(
    conn: Conn, reply: _NewReply, *, run_id: UUID, ended: _Ended, embed_later: EmbedLater
) -> _Reply:
    added = await fetch_one(
        conn, ADD_REPLY, **asdict(reply), parent_id=ended.prompt_message_id, run_id=run_id
    )
    message = MessageText(
        workspace_id=reply.workspace_id,
        conversation_id=reply.conversation_id,
        message_id=reply.id,
        author_id=None,
        created_at=added.created_at,
        content=reply.content,
        role="assistant",
    )
    await index_message(conn, message)
    # The role is not looked at: the work was asked for when the run was accepted.
    asker = Scope(ended.account_id, reply.workspace_id, "member")
    await embed_later(conn, asker, message_id=reply.id, revision=1)
    return added


def _citation_row(run_id: UUID, citation: Citation) -> dict[str, object]:
    source = citation.source
    part = source.part_at(citation.source_start)
    return {
        "id": new_id(),
        "run_id": run_id,
        "ref": citation.ref,
        "kind": source.kind,
        "item_id": source.item_id,
        "version": source.version,
        "message_id": source.message_id,
        "passage_id": part.passage_id,
        "title": source.title,
        "headings": list(source.headings),
        "page_first": part.page_first,
        "page_last": part.page_last,
        "source_start": citation.source_start,
        "source_end": citation.source_end,
        "answer_start": citation.answer_start,
        "answer_end": citation.answer_end,
        "quote": citation.quote,
        "verdict": citation.verdict,
        "score": citation.score,
    }


def _cited(row: dict[str, object]) -> Entry:
    """Return the event of a citation: its id only, for what a reader may see of it depends on the reader."""
    return Entry("citation", _json({"id": row["id"], "ref": row["ref"]}))


def _end_data(ending: Ending, message_id: UUID | None) -> str:
    return _json(
        {
            "state": ending.state,
            "model": ending.answered_by or None,
            "usage": ending.usage,
            "cost_usd": ending.cost_micros / 1e6,
            "grounding": ending.grounding,
            "message_id": message_id,
            "error": {"code": ending.error_code, "message": ending.error}
            if ending.error_code
            else None,
            "retryable": ending.retryable,
        }
    )


def _json_or_empty(value: Usage | Grounding | None) -> str:
    return "" if value is None else _json(value)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
