"""What the operators of a query narrow to: names become ids once, so that the legs compare ids and dates only.

Titles, people and folders are looked up by the application role, behind both walls; a filter that fits nothing leaves
nothing. Several values of one operator are alternatives, different operators are all required; so is every date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core.scope import Scope
from search.answer import Kind
from search.dates import DATE_OPERATORS, Clock, DateFilter, Window, read_window
from search.query import Filter, Operator
from sql import fetch, read
from sql.pool import Pool, ReadConn

_TITLED: Final[tuple[Operator, ...]] = ("in", "name", "ext")


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a passage has to fit, in the order of the SQL type `narrowing`; None leaves everything."""

    items: list[UUID] | None = None
    kind: Kind | None = None
    authors: list[UUID] | None = None
    not_authors: list[UUID] | None = None
    after: datetime | None = None  # inclusive
    before: datetime | None = None  # exclusive
    langs: list[str] | None = None
    not_langs: list[str] | None = None

    def values(self) -> dict[str, object]:
        """Return the parameter that every leg of sql/search.sql hands to admits(): a `narrowing`, field by field."""
        narrowing = (
            self.items,
            self.kind,
            self.authors,
            self.not_authors,
            self.after,
            self.before,
            self.langs,
            self.not_langs,
        )
        return {"within": narrowing}


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_match_items = read("search.sql", "match_items", _Id)
_match_people = read("search.sql", "match_people", _Id)


async def resolve(
    pool: Pool, scope: Scope, filters: Sequence[Filter], *, kind: Kind | None, clock: Clock
) -> Constraints:
    """Return what `filters` narrow to for this caller; asks the database only for titles and people."""
    if not filters:
        return Constraints(kind=kind)
    items: list[UUID] | None = None
    authors: list[UUID] | None = None
    not_authors: list[UUID] | None = None
    if any(f.op in _TITLED or f.op == "from" for f in filters):
        async with pool.read_tx(scope) as conn:
            if any(f.op in _TITLED for f in filters):
                items = await _items(conn, scope, filters)
            authors = await _people(conn, scope, _values(filters, "from", negated=False))
            not_authors = await _people(conn, scope, _values(filters, "from", negated=True))
    span = window_of(filters, clock=clock).span
    return Constraints(
        items=items,
        kind=_kind(filters, kind),
        authors=authors,
        not_authors=not_authors,
        after=span.begin,
        before=span.end,
        langs=_lower(_values(filters, "lang", negated=False)),
        not_langs=_lower(_values(filters, "lang", negated=True)),
    )


async def _items(conn: ReadConn, scope: Scope, filters: Sequence[Filter]) -> list[UUID]:
    rows = await fetch(
        conn, _match_items, **scope.ids,
        places=_patterns(_values(filters, "in", negated=False)),
        not_places=_patterns(_values(filters, "in", negated=True)),
        names=_patterns(_values(filters, "name", negated=False)),
        not_names=_patterns(_values(filters, "name", negated=True)),
        extensions=_extensions(_values(filters, "ext", negated=False)),
        not_extensions=_extensions(_values(filters, "ext", negated=True)),
    )  # fmt: skip
    return [row.id for row in rows]


async def _people(conn: ReadConn, scope: Scope, values: list[str] | None) -> list[UUID] | None:
    if values is None:
        return None
    me = [scope.account_id] if any(value.lower() == "me" for value in values) else []
    named = _patterns([value for value in values if value.lower() != "me"] or None)
    if named is None:
        return me
    found = await fetch(conn, _match_people, workspace_id=scope.workspace_id, patterns=named)
    return me + [row.id for row in found]


def _kind(filters: Sequence[Filter], kind: Kind | None) -> Kind | None:
    """Return the kind asked for; a parameter beside an operator that says otherwise loses."""
    for f in filters:
        if f.op == "type":
            return "message" if (f.value.lower() == "message") != f.negated else "file"
    return kind


def window_of(filters: Sequence[Filter], *, clock: Clock) -> Window:
    """Return what the dates among the filters leave."""
    return read_window([date for f in filters if (date := date_of(f)) is not None], clock=clock)


def date_of(f: Filter) -> DateFilter | None:
    """Return the filter as a date, or None for what narrows to something else."""
    return DateFilter(f.op, f.value, f.negated) if f.op in DATE_OPERATORS else None


def _values(filters: Sequence[Filter], op: Operator, *, negated: bool) -> list[str] | None:
    return [f.value for f in filters if f.op == op and f.negated == negated] or None


def _lower(values: list[str] | None) -> list[str] | None:
    return None if values is None else [value.lower() for value in values]


def _extensions(values: list[str] | None) -> list[str] | None:
    return None if values is None else [value.lower().removeprefix(".") for value in values]


def _patterns(values: list[str] | None) -> list[str] | None:
    return None if values is None else [like_pattern(value) for value in values]


def like_pattern(text: str) -> str:
    """Return the LIKE pattern of whatever contains `text`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
