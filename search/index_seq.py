"""What a request's writes raised index_seq to, for the header X-Index-Seq of its answer.

Kept beside the request, since each write that search notices comes through one function of search/index.py, below routes
that have nothing else to say about the index. Rolled back or not is the caller's to know.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Raised:
    """The last index_seq; None where nothing raised it."""

    index_seq: int | None = None


_current: ContextVar[Raised | None] = ContextVar("raised", default=None)


@contextmanager
def noting_raised() -> Generator[Raised]:
    """Note what is raised in here, and in tasks that are begun in here."""
    raised = Raised()
    token = _current.set(raised)
    try:
        yield raised
    finally:
        _current.reset(token)


def note_raised(index_seq: int) -> None:
    """Tell whoever is noting; nobody in a worker."""
    raised = _current.get()
    if raised is not None:
        raised.index_seq = index_seq
