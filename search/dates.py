"""The dates of a query: what after:, before:, on:, during: and last: mean, as instants, for a clock that is handed in.

A day is a day of the asker's zone, a week begins on Monday (ISO 8601). after: begins with the first moment of what it
names, before: ends just before it, last: goes back from now. Several dates have to hold together; a negated one leaves
what is before and what is after it. Free text such as "in spring" is not read.
"""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DateOperator = Literal["before", "after", "on", "during", "last"]
DATE_OPERATORS: Final[tuple[DateOperator, ...]] = ("before", "after", "on", "during", "last")

_Unit = Literal["hour", "day", "week", "month", "year"]
_UNITS: Final[dict[str, _Unit]] = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}
_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
_AGO = re.compile(r"([1-9]\d{0,4})([hdwmy])", re.ASCII)
_NAMED: Final[dict[str, tuple[_Unit, int]]] = {  # the unit, and how many of it back
    "today": ("day", 0),
    "yesterday": ("day", 1),
    "this week": ("week", 0),
    "last week": ("week", 1),
    "this month": ("month", 0),
    "last month": ("month", 1),
    "this year": ("year", 0),
    "last year": ("year", 1),
}


# The ends of the calendar, which a date may lie beyond.
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment of asking, and the zone whose days are meant."""

    now: datetime
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Span:
    """Instants in UTC: `begin` belongs to it, `end` does not; None is open."""

    begin: datetime | None = None
    end: datetime | None = None


Times: TypeAlias = tuple[Span, ...]  # in their order, apart from each other; none is no time at all
ALWAYS: Final[Times] = (Span(),)


@dataclass(frozen=True, slots=True)
class DateFilter:
    """One date operator as it was written."""

    op: DateOperator
    value: str
    negated: bool = False


def read_zone(name: str) -> tzinfo | None:
    """Return the zone that an IANA name such as Europe/Berlin names, or None."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder
        return None


def date_operator(name: str) -> DateOperator | None:
    """Return the date operator of that name, or None."""
    for op in DATE_OPERATORS:
        if op == name:
            return op
    return None


def date_problem(op: DateOperator, value: str) -> str | None:
    """Return why `value` is no date for the operator, or None."""
    if read_span(op, value, clock=Clock(datetime(2000, 1, 1, tzinfo=UTC))) is not None:
        return None
    if op == "last":
        return f"last: needs a number and a unit such as 24h, 7d, 2w, 3m or 1y, not {value}"
    return (
        f"{op}: needs a date such as 2026-03-31, 2026-03, 2026, today, yesterday or "
        f'"last week", not {value}'
    )


def read_span(op: DateOperator, value: str, *, clock: Clock) -> Span | None:
    """Return what an operator asks for, before any negation; None when its value cannot be read."""
    if op == "last":
        return _last(value.strip().lower(), clock)
    named = _named(" ".join(value.lower().split()), clock)
    if named is None:
        return None
    begin, end = named
    if op == "after":
        return Span(begin=begin)
    return Span(end=begin) if op == "before" else Span(begin, end)


def read_times(filters: Iterable[DateFilter], *, clock: Clock) -> Times:
    """Return what all filters together leave; a negated one cuts its span out."""
    times = ALWAYS
    for f in filters:
        span = read_span(f.op, f.value, clock=clock)
        if span is not None:
            times = common_times(times, _without(span) if f.negated else (span,))
    return times


def common_times(one: Times, other: Times) -> Times:
    """Return the instants that are in both."""
    both = (_both(left, right) for left in one for right in other)
    return tuple(span for span in both if not _is_empty(span))


def _both(one: Span, other: Span) -> Span:
    begins = [s.begin for s in (one, other) if s.begin is not None]
    ends = [s.end for s in (one, other) if s.end is not None]
    return Span(max(begins, default=None), min(ends, default=None))


def _without(hole: Span) -> Times:
    """Return all time but the hole."""
    if _is_empty(hole):
        return ALWAYS
    before = () if hole.begin is None else (Span(end=hole.begin),)
    after = () if hole.end is None else (Span(begin=hole.end),)
    return before + after


def _is_empty(span: Span) -> bool:
    return span.begin is not None and span.end is not None and span.begin >= span.end


def _last(value: str, clock: Clock) -> Span | None:
    """Return the span from so many units ago on; hours are counted in time, the others on the calendar."""
    match = _AGO.fullmatch(value)
    if match is None:
        return None
    unit = _UNITS[match[2]]
    zone = UTC if unit == "hour" else clock.zone
    return Span(begin=_utc(_moved(clock.now.astimezone(zone), unit, -int(match[1]))))


def _named(value: str, clock: Clock) -> tuple[datetime, datetime] | None:
    """Return the first moment of a day, week, month or year, and the first after it."""
    if value in _NAMED:
        unit, back = _NAMED[value]
        begin = _moved(_start(clock.now.astimezone(clock.zone), unit), unit, -back)
    else:
        match = _ISO.fullmatch(value)
        if match is None:
            return None
        unit = "day" if match[3] else "month" if match[2] else "year"
        try:
            begin = datetime(
                int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=clock.zone
            )
        except ValueError:
            return None
    return _utc(begin), _utc(_moved(begin, unit, 1))


def _start(moment: datetime, unit: _Unit) -> datetime:
    """Return the midnight that the moment's day, week, month or year began with."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "day":
        return day
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def _moved(moment: datetime, unit: _Unit, count: int) -> datetime:
    """Return the same time on the clock, `count` units on; a day that a month lacks is its last, the calendar's end holds."""
    try:
        if unit in {"hour", "day", "week"}:
            return moment + timedelta(**{f"{unit}s": count})
        year, month = divmod(moment.month - 1 + count * (12 if unit == "year" else 1), 12)
        year, month = moment.year + year, month + 1
        return moment.replace(
            year=year, month=month, day=min(moment.day, monthrange(year, month)[1])
        )
    except (OverflowError, ValueError):
        return (_FIRST if count < 0 else _LAST).replace(tzinfo=moment.tzinfo)


def _utc(moment: datetime) -> datetime:
    """Return the instant; a midnight that a zone skips is the moment of its leap."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == 1 else _LAST
