"""What the database did for the requests of a bench, by pg_stat_statements: how many statements, and which cost most.

Only the roles that answer people count; the worker's do not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import asyncpg

from sql import REGISTRY

MOST: Final = 14
LISTED: Final = "| statement | a request | mean ms | most ms | share of the time |\n| --- | --- | --- | --- | --- |"
STATEMENTS: Final = """
    SELECT s.query, s.calls, s.total_exec_time AS total_ms, s.mean_exec_time AS mean_ms, s.max_exec_time AS most_ms
    FROM pg_stat_statements s
    JOIN pg_roles r ON r.oid = s.userid
    WHERE r.rolname IN ('recollect_app', 'recollect_search', 'recollect_signin')
        AND s.query NOT LIKE '%typeinfo_tree%' -- asyncpg asks this once for each connection
    ORDER BY s.total_exec_time DESC
"""
AROUND: Final = re.compile(r"\s*(BEGIN|COMMIT|ROLLBACK|SET)\b", re.IGNORECASE)
CONSTANT: Final = re.compile(r"\$\d+|'[^']*'|\b\d+(\.\d+)?\b|--[^\n]*|\s+")


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements a request, without those around transactions, and lines of the costliest ones."""

    each: float
    around: float
    costliest: list[str]


async def reset_statements(owner: asyncpg.Connection) -> None:
    await owner.execute("SELECT pg_stat_statements_reset()")


async def count_statements(owner: asyncpg.Connection, requests: int) -> Statements:
    """Return what was counted since the reset, for each of the requests."""
    names = _names()
    rows = await owner.fetch(STATEMENTS)
    around = sum(row["calls"] for row in rows if AROUND.match(row["query"]))
    total_ms = sum(row["total_ms"] for row in rows) or 1.0
    lines = [
        f"| {names.get(_shape(row['query']), ' '.join(row['query'].split())[:50])} | {row['calls'] / requests:.2f} |"
        f" {row['mean_ms']:.2f} | {row['most_ms']:.1f} | {row['total_ms'] / total_ms:.0%} |"
        for row in rows[:MOST]
    ]
    counted = sum(row["calls"] for row in rows) - around
    return Statements(counted / requests, around / requests, lines)


def _names() -> Mapping[str, str]:
    """Return the names of the statements that searching knows; importing its modules registers them."""
    for module in ("app.sessions", "search.retrieve", "search.suggest"):
        import_module(module)
    return {_shape(query.text): name for name, query in REGISTRY.items()}


def _shape(text: str) -> str:
    """Return the statement without constants and white space, which PostgreSQL writes in its own way."""
    return CONSTANT.sub("", text).rstrip(";")
