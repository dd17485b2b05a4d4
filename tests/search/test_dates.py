from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.dates import (
    ALWAYS,
    DATE_OPERATORS,
    Clock,
    DateFilter,
    Span,
    date_problem,
    read_span,
    read_times,
    read_zone,
)

NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # a Tuesday; in Berlin it is Wednesday, 00:30
CLOCK = Clock(NOW)
BERLIN = Clock(NOW, ZoneInfo("Europe/Berlin"))


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("op", "value", "clock", "span"),
    [
        ("on", "2026-03-14", CLOCK, Span(at(2026, 3, 14), at(2026, 3, 15))),
        ("on", "2026-3", CLOCK, Span(at(2026, 3, 1), at(2026, 4, 1))),
        ("during", "2025", CLOCK, Span(at(2025, 1, 1), at(2026, 1, 1))),
        ("on", "today", CLOCK, Span(at(2026, 3, 31), at(2026, 4, 1))),
        ("on", "Today", BERLIN, Span(at(2026, 3, 31, 22), at(2026, 4, 1, 22))),
        ("on", "yesterday", BERLIN, Span(at(2026, 3, 30, 22), at(2026, 3, 31, 22))),
        ("during", "last  week", CLOCK, Span(at(2026, 3, 23), at(2026, 3, 30))),
        ("during", "this month", BERLIN, Span(at(2026, 3, 31, 22), at(2026, 4, 30, 22))),
        ("during", "last month", CLOCK, Span(at(2026, 2, 1), at(2026, 3, 1))),
        ("during", "this year", CLOCK, Span(at(2026, 1, 1), at(2027, 1, 1))),
        ("after", "2026-03", BERLIN, Span(begin=at(2026, 2, 28, 23))),
        ("before", "2026-03", BERLIN, Span(end=at(2026, 2, 28, 23))),
        ("last", "24h", BERLIN, Span(begin=at(2026, 3, 30, 22, 30))),
        ("last", "2W", CLOCK, Span(begin=at(2026, 3, 17, 22, 30))),
        ("last", "1m", CLOCK, Span(begin=at(2026, 2, 28, 22, 30))),  # no 31 February
        ("last", "3d", BERLIN, Span(begin=at(2026, 3, 28, 23, 30))),  # over the change of clocks
        ("last", "9999y", CLOCK, Span(begin=datetime.min.replace(tzinfo=UTC))),
    ],
)  # fmt: skip
def test_a_value_means_a_span(op, value, clock, span):
    assert read_span(op, value, clock=clock) == span


def test_a_day_that_a_zone_skipped_is_empty():
    samoa = Clock(NOW, ZoneInfo("Pacific/Apia"))
    span = read_span("on", "2011-12-30", clock=samoa)
    assert span == Span(at(2011, 12, 30, 10), at(2011, 12, 30, 10))


@pytest.mark.parametrize(
    ("op", "value"),
    [("on", "easter"), ("on", "2026-13"), ("on", "0000"), ("last", "week"), ("last", "0d"), ("last", "-3d"), ("before", "7d")],
)  # fmt: skip
def test_what_is_no_date_has_a_problem_and_no_span(op, value):
    assert read_span(op, value, clock=CLOCK) is None
    assert value in (date_problem(op, value) or "")


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "../UTC", "/etc/passwd", "", "a\0b"])
def test_what_is_no_zone_is_none(name):
    assert read_zone(name) is None
    assert read_zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    assert read_zone("UTC") is UTC


def left(*filters):
    return read_times([DateFilter(*f) for f in filters], clock=CLOCK)


def test_dates_hold_together():
    assert left(("after", "2026"), ("before", "2026-03"), ("on", "2026-02")) == (
        Span(at(2026, 2, 1), at(2026, 3, 1)),
    )
    assert left() == ALWAYS
    assert left(("on", "2025"), ("on", "2026")) == ()


def test_what_is_excluded_at_an_end_moves_the_end():
    assert left(("last", "24h", True)) == (Span(end=at(2026, 3, 30, 22, 30)),)
    assert left(("before", "2026", True)) == (Span(begin=at(2026, 1, 1)),)
    cut = left(("during", "2026", False), ("on", "2026-02", True), ("on", "2026-01", True))
    assert cut == (Span(at(2026, 3, 1), at(2027, 1, 1)),)
    assert left(("on", "2026", False), ("on", "2025", True)) == (Span(at(2026, 1, 1), at(2027, 1, 1)),)  # fmt: skip


def test_what_is_excluded_in_the_middle_leaves_both_sides():
    assert left(("on", "2026-02", True)) == (Span(end=at(2026, 2, 1)), Span(begin=at(2026, 3, 1)))
    assert left(("on", "2026-02", True), ("on", "2026-01-15", True), ("before", "2026-03-02")) == (
        Span(end=at(2026, 1, 15)), Span(at(2026, 1, 16), at(2026, 2, 1)), Span(at(2026, 3, 1), at(2026, 3, 2)),
    )  # fmt: skip


def test_all_excluded_leaves_nothing():
    assert left(("on", "2026-03", False), ("on", "2026", True)) == ()


@given(
    st.sampled_from(DATE_OPERATORS),
    st.from_regex(r"\d{4}(-\d\d?){0,2}|\d{1,6}[hdwmy]|(this|last) (week|month|year)", fullmatch=True),
    st.sampled_from(["UTC", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu"]),
    st.booleans(),
)  # fmt: skip
def test_every_value_is_read_or_has_a_problem(op, value, zone, negated):
    clock = Clock(NOW, ZoneInfo(zone))
    assert (read_span(op, value, clock=clock) is None) == bool(date_problem(op, value))
    times = read_times(
        [DateFilter(op, value, negated), DateFilter("on", "2026-02", True)], clock=clock
    )
    ends = [moment for span in times for moment in (span.begin, span.end) if moment is not None]
    assert ends == sorted(ends)
