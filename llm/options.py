"""What a person asked of a reply, as the run keeps it: the JSON that the API checked when it accepted the message."""

from dataclasses import dataclass
from typing import Literal, TypedDict
from uuid import UUID

import orjson

from search.answer import Mode

Citing = Literal["required", "auto", "off"]
Sources = Literal["everything", "conversation", "files"]
MOST_FILES = 15  # that a reply may be confined to; the index is asked with 16 alternatives at most


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """`q` replaces the message as the query; `abstain` allows the answer that the sources do not answer.

    `files` confines to these files, without any to those attached in the branch; `conversation` to it and its attachments.
    """

    q: str | None = None
    filters: tuple[str, ...] = ()
    k: int = 5
    mode: Mode = "hybrid"
    max_tokens: int = 1024
    citations: Citing = "auto"
    abstain: bool = True
    sources: Sources = "everything"
    files: tuple[UUID, ...] = ()
    context_tokens: int = 3000


class _Retrieve(TypedDict, total=False):
    q: str | None
    filters: list[str]
    k: int
    mode: Mode
    sources: Sources
    files: list[str]
    context_tokens: int


class _Request(TypedDict, total=False):
    retrieve: _Retrieve
    max_tokens: int
    citations: Citing
    abstain: bool


def read_options(text: str) -> ReplyOptions:
    """Return the options of a run's `request`; what it leaves out is as in ReplyOptions."""
    request: _Request = orjson.loads(text or "{}")
    retrieve: _Retrieve = request.get("retrieve") or {}
    default = ReplyOptions()
    return ReplyOptions(
        q=retrieve.get("q"),
        filters=tuple(retrieve.get("filters", ())),
        k=retrieve.get("k", default.k),
        mode=retrieve.get("mode", default.mode),
        max_tokens=request.get("max_tokens", default.max_tokens),
        citations=request.get("citations", default.citations),
        abstain=request.get("abstain", default.abstain),
        sources=retrieve.get("sources", default.sources),
        files=tuple(UUID(each) for each in retrieve.get("files", ())),
        context_tokens=retrieve.get("context_tokens", default.context_tokens),
    )
