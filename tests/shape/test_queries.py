"""Every named query runs on the migrated schema, fits its dataclass, is declared, and asks the one permission predicate.

Protects against a renamed column that only production notices, a query that nobody calls, and a leak past `readable()`.
"""

import importlib
import pkgutil
import re
import types
import typing
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import get_args, get_origin
from uuid import UUID

import numpy as np
import pytest

import sql
from tests.shape.tree import PACKAGES, ROOT

# Content: rows that say what a person wrote, uploaded or shared.
CONTENT = {"item", "conversation", "message", "message_revision", "message_attachment", "file", "file_version", "file_problem",
           "build", "text_segment", "passage", "embedding", "run", "run_event", "citation"}  # fmt: skip
TYPES: dict[str, set[object]] = {
    "uuid": {UUID}, "text": {str}, "int2": {int}, "int4": {int}, "int8": {int}, "float4": {float}, "float8": {float},
    "bool": {bool}, "timestamptz": {datetime}, "bytea": {bytes}, "numeric": {int, float}, "halfvec": {np.ndarray},
    "tsvector": {str}, "name": {str}, "date": {datetime},
}  # fmt: skip


def load_all() -> None:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, prefix=f"{package}."):
            if not found.name.endswith(("sandbox_child", "__main__", "launch")):
                importlib.import_module(found.name)


load_all()
QUERIES = sorted(sql.REGISTRY.items())


def blocks() -> dict[str, str]:
    return {
        f"{path.name}:{name}": text
        for path in sorted((ROOT / "sql").glob("*.sql"))
        if path.name != "schema.sql"
        for name, text in re.findall(
            r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", path.read_text(), re.MULTILINE | re.DOTALL
        )
    }


@pytest.mark.parametrize(("name", "query"), QUERIES, ids=[name for name, _ in QUERIES])
async def test_every_query_prepares_and_fills_its_dataclass(name, query, owner_connection):
    statement = await owner_connection.prepare(query.text)
    columns = statement.get_attributes()
    wanted = fields(query.row)
    hints = typing.get_type_hints(query.row)
    assert [column.name for column in columns] == [field.name for field in wanted], name
    for column, field in zip(columns, wanted, strict=True):
        assert _fits(column.type.name, hints[field.name]), f"{name}.{field.name}: {column.type}"


def test_every_named_block_is_declared_once():
    assert sorted(blocks()) == [name for name, _ in QUERIES]


@pytest.mark.parametrize("name", sorted(blocks()))
def test_every_query_over_content_asks_the_predicate(name):
    text = blocks()[name]
    touched = set(re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+(\w+)", text)) & CONTENT
    reason = re.search(r"^-- unscoped: \S.+$", text, re.MULTILINE)
    assert not touched or "readable(" in text or reason, (
        f"{name} reads {sorted(touched)}: join readable(:ws, :uid), or say `-- unscoped: why` (worker or freshly made rows)"
    )


def _fits(column: str, hint: object) -> bool:
    if get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = [part for part in get_args(hint) if part is not type(None)]
    if get_origin(hint) is typing.Literal:
        hint = type(get_args(hint)[0])
    hint = getattr(hint, "__supertype__", hint)
    if column.endswith("[]"):
        return get_origin(hint) in (list, tuple) and _fits(column[:-2], get_args(hint)[0])
    if get_origin(hint) is np.ndarray or hint is np.ndarray:
        return column == "halfvec"
    return hint in TYPES[column]


def test_sql_stands_only_in_sql():
    statement = re.compile(
        r"\b(SELECT\b.+\bFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b", re.DOTALL
    )
    found = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        if package != "sql"
        for path in Path(ROOT / package).rglob("*.py")
        if any(
            statement.search(text)
            for text in re.findall(r'"""(.*?)"""|"([^"\n]*)"', path.read_text())
            for text in text
        )
    ]
    assert found == []
