"""What a client may say over a socket, one JSON object a message: subscribe, unsubscribe, typing, presence, ping."""

import time
from dataclasses import dataclass, field
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationError, model_validator

from api.live.watcher import MOST_TOPICS, Wanted
from api.wire import Body
from core.errors import InvalidInput

COMMANDS_AT_ONCE: Final = 200
COMMANDS_PER_S: Final = 50.0
Topic = Annotated[str, Field(min_length=1, max_length=80)]


class Resume(Body):
    """A seq, or of notifications the id of one."""

    after: Annotated[int, Field(ge=0, le=2**62)] | UUID


class Subscribe(Body):
    topic: Topic
    resume: Resume | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.topic, self.resume.after if self.resume else None)


class Presence(Body):
    """`here` while the conversation is looked at."""

    topic: Topic
    here: bool = True


class About(Body):
    topic: Topic


class Command(Body):
    """Exactly one of these."""

    model_config = ConfigDict(extra="forbid")

    subscribe: Annotated[list[Subscribe], Field(max_length=MOST_TOPICS)] | Subscribe | None = None
    unsubscribe: About | None = None
    typing: About | None = None
    presence: Presence | None = None
    ping: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Command":
        if len(self.model_fields_set) != 1:
            raise ValueError("exactly one command must be given")
        return self

    @property
    def wanted(self) -> list[Wanted]:
        """Return the topics to watch."""
        asked = self.subscribe if isinstance(self.subscribe, list) else [self.subscribe]
        return [one.wanted for one in asked if one is not None]


def parse_command(text: str) -> Command:
    """Return what a message says; InvalidInput for any that says nothing."""
    try:
        return Command.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "message"
        raise InvalidInput.of(place, str(first["msg"])) from None


@dataclass(slots=True)
class Patience:
    """How much a client may still say now: refilled over time."""

    left: float = COMMANDS_AT_ONCE
    at: float = field(default_factory=time.monotonic)

    def spend(self) -> bool:
        """Count a command; return whether it was one too many."""
        now = time.monotonic()
        self.left = min(float(COMMANDS_AT_ONCE), self.left + (now - self.at) * COMMANDS_PER_S) - 1
        self.at = now
        return self.left < 0
