"""The one tree of errors, ordered by what the catcher can do.

RecollectError
├── CallerError            the caller must change something; never retried
│   ├── InvalidInput       a field or body is not as the contract says
│   ├── NotSignedIn        no valid credentials
│   ├── Forbidden          signed in, but the role does not allow it
│   ├── NotFound           absent, or somebody else's: the same answer for both
│   ├── Conflict           the resource is in a state that excludes the request
│   ├── Locked             somebody else is writing to it; worth another try
│   ├── WrongChecksum      the bytes that came are not those that were sent
│   ├── Stale              If-Match does not name the current version
│   ├── TooLarge           over a stated limit
│   └── RateLimited        too often; names its bucket
├── PermanentFailure       this file can never be read as it is; a job ends as `failed`
├── Unavailable            a dependency is away or busy; retried by whoever can wait
│   ├── StorageFull        no space for a blob or row
│   └── ProviderAway       a model or a webhook cannot be asked now; jobs wait without spending attempts
├── LeaseLost              a job's lease went to somebody else; stop and write nothing
└── StartFailed            the machine or a setting must change before anything can start; the message ends with the remedy

Anything else is a bug. Statuses stand in api/errors.py, the retry policy in workers/main.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One entry of the envelope's `details`."""

    field: str
    message: str


class RecollectError(Exception):
    """Base of every error that is raised on purpose."""


class CallerError(RecollectError):
    """The request cannot be served as it is; `details` name the fields at fault."""

    def __init__(self, message: str, *, details: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(CallerError):
    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInput":
        """Return the error for one field."""
        return cls(f"{field}: {message}", details=(FieldProblem(field, message),))


class NotSignedIn(CallerError):
    pass


class Forbidden(CallerError):
    pass


class NotFound(CallerError):
    pass


class Conflict(CallerError):
    pass


class Locked(CallerError):
    pass


class WrongChecksum(CallerError):
    pass


class Stale(CallerError):
    pass


class TooLarge(CallerError):
    pass


class RateLimited(CallerError):
    """`bucket` is the limit that was hit; `limit` requests are allowed per `window_s` seconds."""

    def __init__(self, bucket: str, *, limit: int, window_s: int, retry_after_s: int) -> None:
        super().__init__(f"Too many requests ({bucket}); try again in {retry_after_s} s.")
        self.bucket = bucket
        self.limit = limit
        self.window_s = window_s
        self.retry_after_s = retry_after_s


class PermanentFailure(RecollectError):
    """A file that will not be read by trying again; `code` is stable, the rest is for a person."""

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class Unavailable(RecollectError):
    """A dependency did not answer in time or said no for now."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class StorageFull(Unavailable):
    pass


class ProviderAway(Unavailable):
    pass


class LeaseLost(RecollectError):
    pass


class StartFailed(RecollectError):
    """One clear line for the person at the terminal, with the remedy in it."""
