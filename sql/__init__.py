"""Named SQL from `sql/*.sql`, each declared once beside the dataclass that its columns fill.

A file holds blocks that start with `-- name: query_name`; parameters are written `:name`. A missing query fails at import,
a missing or unknown parameter is a TypeError, and tests/shape/test_queries.py prepares every query on the migrated schema.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from sql.pool import Conn, ReadConn

Row = TypeVar("Row")
_BLOCK = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_SKIP_OR_PARAMETER = re.compile(r"--[^\n]*|'(?:[^']|'')*'|::|(?<!:):([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Nothing:
    """The row of a statement that returns none."""


@dataclass(frozen=True, slots=True)
class Read(Generic[Row]):
    """A SELECT; the columns of each result fill `row` by position."""

    name: str
    text: str
    parameters: tuple[str, ...]
    row: type[Row]


@dataclass(frozen=True, slots=True)
class Write(Read[Row]):
    """A statement that changes rows; the columns it returns fill `row`."""


REGISTRY: dict[str, Read[object]] = {}


def read(file: str, name: str, row: type[Row]) -> Read[Row]:
    """Declare the SELECT `name` of sql/`file`."""
    return _declare(Read(name, *_numbered(_blocks(file)[name]), row), file)


@overload
def write(file: str, name: str) -> Write[Nothing]: ...
@overload
def write(file: str, name: str, row: type[Row]) -> Write[Row]: ...
def write(file: str, name: str, row: type[Any] = Nothing) -> Write[Any]:
    """Declare the statement `name` of sql/`file`; `row` is what its RETURNING fills."""
    return _declare(Write(name, *_numbered(_blocks(file)[name]), row), file)


@overload
async def fetch(conn: Conn, query: Write[Row], **values: object) -> list[Row]: ...
@overload
async def fetch(conn: ReadConn, query: Read[Row], **values: object) -> list[Row]: ...
async def fetch(conn: ReadConn, query: Read[Row], **values: object) -> list[Row]:
    """Return every row, in the query's own order."""
    records = await conn.raw.fetch(query.text, *_arguments(query, values))
    return [query.row(*record.values()) for record in records]


@overload
async def fetch_opt(conn: Conn, query: Write[Row], **values: object) -> Row | None: ...
@overload
async def fetch_opt(conn: ReadConn, query: Read[Row], **values: object) -> Row | None: ...
async def fetch_opt(conn: ReadConn, query: Read[Row], **values: object) -> Row | None:
    """Return the first row, or None."""
    record = await conn.raw.fetchrow(query.text, *_arguments(query, values))
    return None if record is None else query.row(*record.values())


@overload
async def fetch_one(conn: Conn, query: Write[Row], **values: object) -> Row: ...
@overload
async def fetch_one(conn: ReadConn, query: Read[Row], **values: object) -> Row: ...
async def fetch_one(conn: ReadConn, query: Read[Row], **values: object) -> Row:
    """Return the only row; none at all is a LookupError, hence a bug of the caller."""
    row = await fetch_opt(conn, query, **values)
    if row is None:
        raise LookupError(query.name)
    return row


async def execute(conn: Conn, query: Write[Nothing], **values: object) -> int:
    """Run a statement and return how many rows it touched."""
    status = await conn.raw.execute(query.text, *_arguments(query, values))
    return int(status.rpartition(" ")[2]) if status[-1].isdigit() else 0


async def execute_many(conn: Conn, query: Write[Nothing], rows: list[dict[str, object]]) -> None:
    """Run a statement once for each dict of values, in one round trip."""
    await conn.raw.executemany(query.text, [_arguments(query, row) for row in rows])


def _arguments(query: Read[Row], values: dict[str, object]) -> list[object]:
    if len(values) != len(query.parameters) or not all(name in values for name in query.parameters):
        wanted, given = set(query.parameters), set(values)
        raise TypeError(f"{query.name}: missing {wanted - given}, unknown {given - wanted}")
    return [values[name] for name in query.parameters]


AnyQuery = TypeVar("AnyQuery", bound=Read)  # pyright: ignore[reportMissingTypeArgument]


def _declare(query: AnyQuery, file: str) -> AnyQuery:
    REGISTRY[f"{file}:{query.name}"] = query
    return query


@cache
def _blocks(file: str) -> dict[str, str]:
    return dict(_BLOCK.findall((Path(__file__).parent / file).read_text(encoding="utf-8")))


def _numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with `:name` replaced by $n, and the names in that order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return match.group(0)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _SKIP_OR_PARAMETER.sub(number, text).strip(), tuple(names)
