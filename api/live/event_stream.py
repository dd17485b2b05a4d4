"""`GET /api/events`: what happens for me, as server-sent events; with `topic`, what api/live/realtime.py tells over a socket.

The id of an event is how far every topic has got, in the order of the address, so that Last-Event-ID resumes all of them.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from api.deps import Api, ApiDep, ScopeDep
from api.errors import request_id_of
from api.live.frames import Framed
from api.live.outbox import Outbox
from api.live.sse import EventStream, Frame, streams_of
from api.live.watcher import MOST_TOPICS, Client, Wanted, Watcher
from api.notices import notifications
from api.wire import Text
from core.errors import InvalidInput, Unavailable
from core.tasks import end

router = APIRouter(tags=["Real time"])

LOOK_S = 5.0
_NOWHERE = "-"  # in an id: of this topic nothing has come that has a seq
Topics = Annotated[
    list[Annotated[Text, Query(max_length=80)]] | None,
    Query(max_length=MOST_TOPICS, description="What to watch; without one, `notifications`"),
]
Positions = Annotated[
    str | None,
    Query(
        max_length=4000,
        description="The last id received, or the change_seq of each topic, with commas",
    ),
]


@router.get(
    "/events",
    summary="What happens for me, or in the topics named, as it happens",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
)
async def get_events(
    request: Request,
    scope: ScopeDep,
    api: ApiDep,
    topic: Topics = None,
    after: Positions = None,
    last_event_id: Annotated[str | None, Header(max_length=4000)] = None,
) -> Response:
    given = last_event_id or after
    if topic is None:
        last = _place(given) if given else None
        frames = notifications.frames(
            api.resources, scope, after=last if isinstance(last, UUID) else None
        )
    else:
        wanted = _wanted(list(dict.fromkeys(topic)), given)
        frames = _watch(api, Client(scope, request_id_of(request)), wanted)
    return EventStream(frames, streams=streams_of(request), request=request, scope=scope)


async def _watch(
    api: Api, client: Client, wanted: Sequence[Wanted]
) -> AsyncGenerator[Frame | None]:
    outbox = Outbox()
    watcher = Watcher(api.resources, api.rooms, client=client, outbox=outbox)
    places = {one.topic: one.after for one in wanted}
    catching_up = asyncio.create_task(watcher.subscribe(wanted))
    try:
        while outbox.ending is None:
            taken = await outbox.take(within_s=LOOK_S)
            for framed in taken:
                yield _event(framed, places)
            if not taken:
                yield None
        raise Unavailable("The stream fell behind; go on from the last event.", retry_after_s=1)
    finally:
        await end([catching_up])
        await watcher.close()


def _event(framed: Framed, places: dict[str, int | UUID | None]) -> Frame:
    if framed.seq is not None:
        places[framed.topic] = framed.seq
    elif framed.notice_id is not None:
        places[framed.topic] = UUID(framed.notice_id)
    place = ",".join(_NOWHERE if one is None else str(one) for one in places.values())
    return Frame(framed.event, framed.text, place)


def _wanted(topics: Sequence[str], given: str | None) -> list[Wanted]:
    if given is None:
        return [Wanted(topic) for topic in topics]
    parts = given.split(",")
    if len(parts) != len(topics):
        raise InvalidInput.of("after", f"names {len(parts)} places for {len(topics)} topics")
    return [Wanted(topic, _place(part)) for topic, part in zip(topics, parts, strict=True)]


def _place(part: str) -> int | UUID | None:
    """Return a seq, or of notifications the id of one."""
    if part == _NOWHERE:
        return None
    if len(part) == len(str(UUID(int=0))):
        with suppress(ValueError):
            return UUID(part)
    if not (part.isascii() and part.isdecimal() and len(part) <= 18):
        raise InvalidInput.of("after", "is no number of an event")
    return int(part)
