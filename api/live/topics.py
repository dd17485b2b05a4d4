"""What can be watched beside conversations: files, jobs, runs, one's notifications. Each has a stream of its own already.

These topics tell states, so there is nothing to resume but the events of a run (after a seq) and notifications (after an id).
"""

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from api import jobs
from api.files import files
from api.live.sse import Frame
from api.notices import notifications
from api.replies import runs
from api.replies.run_answers import find_run
from app.resources import Resources
from core.errors import InvalidInput
from core.ids import parse_id
from core.scope import Scope

CONVERSATION: Final = "conversation"
NOTIFICATIONS: Final = "notifications"
KINDS: Final = (CONVERSATION, "file", "job", "run", NOTIFICATIONS)


def parse_topic(topic: str) -> tuple[str, UUID | None]:
    """Return the kind and the id in a topic like `run:ID`; an id that is none is NotFound, another kind InvalidInput."""
    kind, _, text = topic.partition(":")
    if kind not in KINDS or (kind == NOTIFICATIONS and text):
        raise InvalidInput.of("topic", f"is none of {', '.join(KINDS)}, with an id behind a colon")
    return kind, None if kind == NOTIFICATIONS else parse_id(text, what=kind)


async def open_topic(
    resources: Resources, scope: Scope, topic: str, *, after: int | UUID | None
) -> AsyncGenerator[Frame | None]:
    """Return what is told about a topic; raises NotFound now for what the caller may not see."""
    kind, id_ = parse_topic(topic)
    if id_ is None:
        last = after if isinstance(after, UUID) else None  # a number is of another topic
        return notifications.frames(resources, scope, after=last)
    seq = after if isinstance(after, int) else 0
    async with resources.stream.read_tx(scope) as conn:
        if kind == "run":
            await find_run(conn, scope, id_)
            return runs.frames(resources, scope, run_id=id_, after=seq)
        if kind == "file":
            await files.find_file(conn, scope, id_)
            return files.frames(resources, scope, id_)
        await jobs.find_job(conn, scope, id_)
    return jobs.frames(resources, scope, id_)
