"""What people are told of, and by which ways where they said nothing else. Pure: the rows are sql/notice.sql's.

A way costs a person attention: what he asked for himself or what somebody wants of him is shown; what merely happens is not
until he says so. E-mail is never sent unasked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal, get_args

NoticeKind = Literal[
    "saved_search.matches",
    "webhook.disabled",
    "mention",
    "invited",
    "reply.finished",
    "file.ready",
    "file.failed",
]
EmailWay = Literal["off", "at_once", "daily"]
NOTICE_KINDS: Final[tuple[NoticeKind, ...]] = get_args(NoticeKind)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ways:
    """How a person is told of one kind: in the list, by e-mail, by push."""

    in_app: bool
    email: EmailWay = "off"
    push: bool = False


USUAL: Final[Mapping[NoticeKind, Ways]] = {
    "saved_search.matches": Ways(in_app=True),
    "webhook.disabled": Ways(in_app=True),
    "mention": Ways(in_app=True, push=True),
    "invited": Ways(in_app=True, push=True),
    "reply.finished": Ways(in_app=False),
    "file.ready": Ways(in_app=False),
    "file.failed": Ways(in_app=True),
}


@dataclass(frozen=True, slots=True)
class Hours:
    """When a person may be disturbed. Minutes of the day in his zone; the quiet ones may go over midnight."""

    zone: tzinfo
    quiet_from: int | None = None
    quiet_until: int | None = None
    digest_minute: int = 480

    def quiet_s(self, now: datetime) -> float:
        """Return for how many seconds nothing is to be sent yet; 0 outside of the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None:
            return 0.0
        here = now.astimezone(self.zone)
        since = timedelta(hours=here.hour, minutes=here.minute - self.quiet_from) % _DAY
        lasting = timedelta(minutes=self.quiet_until - self.quiet_from) % _DAY
        left = lasting - since - timedelta(seconds=here.second)
        return max(0.0, left.total_seconds())

    def digest_is_due(self, now: datetime, *, last: datetime) -> bool:
        """Say whether the time of the daily e-mail has come since the last one."""
        here = now.astimezone(self.zone)
        due = here.replace(hour=0, minute=0, second=0, microsecond=0)
        due = due.replace(hour=self.digest_minute // 60, minute=self.digest_minute % 60)
        if due > here:
            due -= _DAY  # of wall time: the same minute of the day before
        return last < due
