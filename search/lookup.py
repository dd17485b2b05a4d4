"""What the filters of a request name, asked of the database: people, conversations and files, and single things.

At most one statement for the people, one for the items and one for each near: and like:, none where nothing is named.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from uuid import UUID

from core.errors import InvalidInput
from core.scope import Scope
from search.operators import OF_THINGS, Filter, Operator, read_id, read_sizes, tag_of
from sql import fetch, fetch_opt, read
from sql.pool import Pool, ReadConn

MESSAGES_AROUND: Final = 10  # on either side of a message that near: names
PASSAGES_AROUND: Final = 3  # on either side of a file's passage
_OF_ITEMS: Final[frozenset[Operator]] = frozenset(("in", "name", "ext", "tag", "size", "to"))


@dataclass(frozen=True, slots=True)
class Thing:
    """What an id names: a whole file or conversation, a message or a passage; `own` are its passages."""

    item_id: UUID
    is_whole: bool
    own: frozenset[UUID]
    around: frozenset[UUID]


_Key: TypeAlias = tuple[Operator, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found, by operator and value as written."""

    people: dict[str, frozenset[UUID]] = field(default_factory=dict[str, frozenset[UUID]])
    items: dict[_Key, frozenset[UUID]] = field(default_factory=dict[_Key, frozenset[UUID]])
    things: dict[str, Thing] = field(default_factory=dict[str, Thing])

    def people_of(self, filters: Iterable[Filter], *, me: UUID) -> frozenset[UUID]:
        """Return everybody whom one of the values names."""
        return frozenset[UUID]().union(
            *((me,) if _is_me(f.value) else self.people[f.value] for f in filters)
        )

    def items_of(self, filters: Iterable[Filter]) -> frozenset[UUID]:
        """Return every item that fits one of the filters, negation left aside."""
        return frozenset[UUID]().union(*(self.items[f.op, f.value] for f in filters))

    def thing_of(self, f: Filter) -> Thing:
        return self.things[f.value]


@dataclass(frozen=True, slots=True)
class _Ids:
    """What the n-th value, counted from 1, names."""

    ordinal: int
    ids: list[UUID]


@dataclass(frozen=True, slots=True)
class _Found:
    item_id: UUID
    is_whole: bool
    own: list[UUID]
    around: list[UUID]


_match_items = read("filters.sql", "match_items", _Ids)
_match_people = read("filters.sql", "match_people", _Ids)
_find_thing = read("filters.sql", "find_thing", _Found)


async def look_up(pool: Pool, scope: Scope, filters: Sequence[Filter]) -> Facts:
    """Return what `filters` name for this caller; an id that he may not see is as one that is not there: InvalidInput."""
    people = list(dict.fromkeys(f.value for f in filters if f.op == "from" and not _is_me(f.value)))
    items: list[_Key] = list(dict.fromkeys((f.op, f.value) for f in filters if _is_of_items(f)))
    things = list({f.value: f for f in filters if f.op in OF_THINGS}.values())
    if not (people or items or things):
        return Facts()
    async with pool.read_tx(scope) as conn:
        return Facts(
            await _people(conn, scope, people) if people else {},
            await _items(conn, scope, items) if items else {},
            {f.value: await _thing(conn, scope, f) for f in things},
        )


def like_pattern(text: str) -> str:
    """Return the LIKE pattern of whatever contains `text`."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def _people(conn: ReadConn, scope: Scope, values: list[str]) -> dict[str, frozenset[UUID]]:
    patterns = list(map(like_pattern, values))
    rows = await fetch(conn, _match_people, workspace_id=scope.workspace_id, patterns=patterns)
    found = {values[row.ordinal - 1]: frozenset(row.ids) for row in rows}
    return {value: found.get(value, frozenset()) for value in values}


async def _items(conn: ReadConn, scope: Scope, asked: list[_Key]) -> dict[_Key, frozenset[UUID]]:
    sizes = [read_sizes(value) if op == "size" else None for op, value in asked]
    rows = await fetch(
        conn, _match_items, **scope.ids,
        ops=[op for op, _ in asked], patterns=[_pattern(op, value) for op, value in asked],
        least=[size and size.least for size in sizes], ends=[size and size.end for size in sizes],
    )  # fmt: skip
    found = {asked[row.ordinal - 1]: frozenset(row.ids) for row in rows}
    return {key: found.get(key, frozenset()) for key in asked}


async def _thing(conn: ReadConn, scope: Scope, f: Filter) -> Thing:
    found = await fetch_opt(
        conn, _find_thing, **scope.ids, id=read_id(f.value),
        messages=MESSAGES_AROUND, passages=PASSAGES_AROUND,
    )  # fmt: skip
    if found is None:
        raise InvalidInput.of(f.op, "names nothing that you can read")
    return Thing(found.item_id, found.is_whole, frozenset(found.own), frozenset(found.around))


def _pattern(op: Operator, value: str) -> str | None:
    """Return what the statement compares; None is the caller (to:me), or nothing where there is no text."""
    if op == "ext":
        return value.lower().removeprefix(".")
    if op == "tag":
        return tag_of(value)
    return None if op in {"size", "is"} or (op == "to" and _is_me(value)) else like_pattern(value)


def _is_of_items(f: Filter) -> bool:
    return f.op in _OF_ITEMS or (f.op == "is" and f.value.lower() == "shared")


def _is_me(value: str) -> bool:
    return value.lower() == "me"
