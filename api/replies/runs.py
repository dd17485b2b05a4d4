"""Runs: how far a reply is, its events as they are written (resumable), and stopping it.

A worker writes the run; these routes only read its log. A reader who comes back with Last-Event-ID, here or at another
process, gets exactly the rest.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from api.deps import PathId, ResourcesDep, ScopeDep
from api.idempotency import Answered
from api.live.sse import EventStream, Frame, streams_of
from api.replies.run_answers import RunDetailAnswer, event_frame, find_run, run_detail
from app.resources import Resources
from core.errors import Forbidden, InvalidInput, NotFound, RateLimited, Unavailable
from core.events import Event, Tail, announce, nudge
from core.scope import Scope
from llm.generate import stop_topic
from llm.run_log import Ending, RunState, end_run
from sql import execute, fetch, fetch_opt, read, write
from sql.pool import Conn
from workers.queue import enqueue_embed_message

router = APIRouter(prefix="/runs", tags=["Runs"])

EVENTS_AT_ONCE = 20_000  # more than the longest answer has: 300 s at 25 batches a second
LAST_SEQ = 2**62  # as PostgreSQL counts, with room to spare
_NAMES_SOURCES = frozenset({"citation", "retrieval.done"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """seq, kind and data are None in the one row of a run without events."""

    state: RunState
    seq: int | None
    kind: str | None
    data: str | None


@dataclass(frozen=True, slots=True)
class _Job:
    id: UUID


_list_events = read("run.sql", "list_events", _Entry)
_request_stop = write("run.sql", "request_stop")
_cancel_waiting_reply = write("run.sql", "cancel_waiting_reply", _Job)


@router.get("/{run_id}", summary="A run, with the text so far and its citations")
async def get_run(run_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> RunDetailAnswer:
    async with resources.app.read_tx(scope) as conn:
        return await run_detail(conn, scope, run_id)


@router.get(
    "/{run_id}/events",
    summary="The events of a run, from the beginning or after a point",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
)
async def get_run_events(
    run_id: PathId,
    request: Request,
    scope: ScopeDep,
    resources: ResourcesDep,
    after: Annotated[int, Query(ge=0, le=LAST_SEQ, description="The last seq received")] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> Response:
    if last_event_id is not None:
        if not last_event_id.isdecimal() or int(last_event_id) > LAST_SEQ:
            raise InvalidInput.of("Last-Event-ID", "is no number of an event")
        after = int(last_event_id)
    return await stream_run(request, resources, scope, run_id=run_id, after=after)


async def stream_run(
    request: Request, resources: Resources, scope: Scope, *, run_id: UUID, after: int = 0
) -> Response:
    """Return the run's events as a stream; raises NotFound now, not in the stream, for a run that is not there."""
    async with resources.stream.read_tx(scope) as conn:
        await find_run(conn, scope, run_id)
    following = frames(resources, scope, run_id=run_id, after=after)
    return EventStream(following, streams=streams_of(request), request=request, scope=scope)


def wants_stream(request: Request, scope: Scope) -> bool:
    """Return whether a new run's events are to be the answer; raises before anything is written when no stream is free."""
    if "text/event-stream" not in request.headers.get("accept", ""):
        return False
    streams_of(request).admit(scope.account_id)
    return True


async def stream_begun(
    request: Request, resources: Resources, scope: Scope, *, run_id: UUID, begun: Answered
) -> Response:
    """Return the run's events or, where the last stream was taken meanwhile, what names the run: it is written already."""
    try:
        return await stream_run(request, resources, scope, run_id=run_id)
    except (RateLimited, Unavailable):
        return begun.response()


@router.post("/{run_id}/stop", summary="Stop a run; what it has written is kept")
async def stop_run(run_id: PathId, scope: ScopeDep, resources: ResourcesDep) -> RunDetailAnswer:
    async with resources.app.write_tx(scope) as conn:
        run = await find_run(conn, scope, run_id)
        if not run.can_stop:
            raise Forbidden("You may read this run, not stop it.")
        event = await _stop(conn, scope, run_id)
    if event is not None:
        await announce(resources.redis, run_id, [event])
    elif run.state == "running":
        await nudge(resources.redis, stop_topic(run_id))
    async with resources.app.read_tx(scope) as conn:
        return await run_detail(conn, scope, run_id)


async def _stop(conn: Conn, scope: Scope, run_id: UUID) -> Event | None:
    """Ask the worker to stop; a run that no worker has begun ends here, and its last event is returned."""
    named = {"workspace_id": scope.workspace_id, "run_id": run_id}
    await execute(conn, _request_stop, **named)
    if await fetch_opt(conn, _cancel_waiting_reply, **named) is None:
        return None
    return await end_run(
        conn,
        scope.workspace_id,
        run_id=run_id,
        ending=Ending("stopped"),
        embed_later=enqueue_embed_message,
    )


async def frames(
    resources: Resources, scope: Scope, *, run_id: UUID, after: int
) -> AsyncGenerator[Frame | None]:
    """Yield the run's events after a seq as this reader may see them, until it has ended."""

    async def rows_after(seq: int) -> Tail:
        async with resources.stream.read_tx(scope) as conn:
            rows = await fetch(
                conn, _list_events, **scope.ids, run_id=run_id, after=seq, limit=EVENTS_AT_ONCE
            )
        if not rows:
            raise NotFound("No such run.")
        events = [
            Event(row.seq, row.kind, row.data)
            for row in rows
            if row.seq is not None and row.kind is not None and row.data is not None
        ]
        return Tail(events, ended=rows[-1].state != "running")

    following = resources.feed.follow(run_id, after=after, rows_after=rows_after)
    async with aclosing(following) as events:
        async for event in events:
            if event is None or event.kind not in _NAMES_SOURCES:
                yield event and Frame(event.kind, event.data, event.seq)
                continue
            async with resources.stream.read_tx(scope) as conn:
                frame = await event_frame(conn, scope, run_id=run_id, event=event)
            yield frame
