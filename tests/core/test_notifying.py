from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.notifying import NOTICE_KINDS, USUAL, Hours

BERLIN = ZoneInfo("Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_every_kind_has_its_usual_ways_and_none_of_them_is_email():
    assert set(USUAL) == set(NOTICE_KINDS)
    assert {ways.email for ways in USUAL.values()} == {"off"}


@pytest.mark.parametrize(
    ("quiet", "now", "left_s"),
    [
        ((None, None), "2026-07-01T03:00:00", 0),
        ((22 * 60, 7 * 60), "2026-07-01T21:59:59", 0),
        ((22 * 60, 7 * 60), "2026-07-01T22:00:00", 9 * 3600),
        ((22 * 60, 7 * 60), "2026-07-01T06:59:30", 30),
        ((22 * 60, 7 * 60), "2026-07-01T07:00:00", 0),
        ((720, 780), "2026-07-01T12:30:00", 1800),
        ((720, 780), "2026-07-01T11:00:00", 0),
        ((720, 720), "2026-07-01T12:00:00", 0),
    ],
)
def test_quiet_hours_last_until_they_end_over_midnight_too(quiet, now, left_s):
    assert Hours(BERLIN, *quiet).quiet_s(at(now)) == left_s


@pytest.mark.parametrize(
    ("last", "now", "is_due"),
    [
        ("2026-07-01T08:00:00", "2026-07-01T23:00:00", False),
        ("2026-07-01T08:00:00", "2026-07-02T07:59:00", False),
        ("2026-07-01T08:00:00", "2026-07-02T08:00:00", True),
        ("2026-07-01T07:00:00", "2026-07-01T08:01:00", True),
        ("2026-06-20T08:00:00", "2026-07-01T01:00:00", True),
        ("2026-10-24T08:30:00", "2026-10-25T07:30:00", False),  # the night has an hour more
        ("2026-10-24T08:30:00", "2026-10-25T08:00:00", True),
    ],
)
def test_the_daily_e_mail_is_due_once_a_day(last, now, is_due):
    assert Hours(BERLIN).digest_is_due(at(now), last=at(last)) == is_due
