"""The checks of `recollect doctor` that are one query each, asked of every workspace: which invariant, what is wrong, what to do."""

from dataclasses import dataclass
from typing import Final, Literal

from sql import Read, read

Invariant = Literal["I1", "I2", "I3", "I4", "operation"]
LEASE_S: Final = 30.0  # workers/ledger.py; imports point down, so it is said again
GRACE_S: Final = 60.0  # within which the worker clears up by itself
_TIMES: Final[dict[str, object]] = {"lease_s": LEASE_S, "grace_s": GRACE_S}


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows break a rule, and one of them."""

    found: int
    example: str


@dataclass(frozen=True, slots=True)
class Check:
    """`query` counts what breaks the rule in one workspace; `wrong` and `remedy` are for the operator."""

    query: Read[Count]
    invariant: Invariant
    wrong: str
    remedy: str

    @property
    def name(self) -> str:
        return self.query.name.removeprefix("check_")

    def times(self) -> dict[str, object]:
        """Return the parameters of the query beside its workspace."""
        return {name: value for name, value in _TIMES.items() if name in self.query.parameters}


def _check(name: str, invariant: Invariant, wrong: str, *, remedy: str) -> Check:
    return Check(read("doctor.sql", f"check_{name}", Count), invariant, wrong, remedy)


_READ_AGAIN = "Read the file again: POST /api/files/{id}/reprocess, or `Read again` on the page."
_WORKER = "Is the worker running? It clears this within a minute; its log says what keeps it."

CHECKS: Final = (
    _check("stuck_jobs", "I2", "jobs are due and nobody works on them", remedy=_WORKER),
    _check("stuck_files", "I2", "files wait for a job that is over", remedy=_WORKER),
    _check("stuck_runs", "I2", "replies wait for a job that is over", remedy=_WORKER),
    _check("silent_failures", "I2", "files failed without a reason", remedy=_READ_AGAIN),
    _check("empty_files", "I3", "files are ready without text or passages", remedy=_READ_AGAIN),
    _check("dead_passages", "I3", "passages belong to no active build", remedy=_WORKER),
    _check("missing_vectors", "I3", "passages are found by words only", remedy=_READ_AGAIN),
    _check("lost_vectors", "I3", "vectors belong to no passage", remedy="Restore the last backup."),
    _check("vector_lengths", "I3", "vectors are not of unit length", remedy=_READ_AGAIN),
    _check(
        "unindexed_messages",
        "I3",
        "messages cannot be found",
        remedy="Edit the message: PATCH /api/messages/{id} indexes it again.",
    ),
    _check(
        "ghost_messages",
        "I3",
        "passages of deleted messages are left",
        remedy="Delete the message again: DELETE /api/messages/{id}.",
    ),
    _check("builds", "I4", "files have not exactly one build to show", remedy=_READ_AGAIN),
    _check("double_passages", "I4", "passages exist twice", remedy=_READ_AGAIN),
    _check(
        "sequences",
        "I1",
        "conversations have a gap in their messages",
        remedy="A message is lost: restore the last backup beside this one and compare.",
    ),
)
