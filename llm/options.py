"""What a person asked of a reply, as the run keeps it: the JSON that the API checked when it accepted the message."""

from dataclasses import dataclass
from typing import Literal, TypedDict

import orjson

from search.answer import Mode

Citing = Literal["required", "auto", "off"]


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """`q` replaces the message as the query; `abstain` allows the answer that the sources do not answer."""

    q: str | None = None
    filters: tuple[str, ...] = ()
    k: int = 5
    mode: Mode = "hybrid"
    max_tokens: int = 1024
    citations: Citing = "auto"
    abstain: bool = True


class _Retrieve(TypedDict, total=False):
    q: str | None
    filters: list[str]
    k: int
    mode: Mode


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
    )
