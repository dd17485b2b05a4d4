from dataclasses import dataclass

import pytest

import sql
from sql import Nothing, Read, Write
from sql.pool import Conn, ReadConn


@dataclass(frozen=True, slots=True)
class Pair:
    a: int
    b: str


SELECT_PAIR = Read("select_pair", "SELECT $1::int AS a, $2::text AS b", ("a", "b"), Pair)
SELECT_NONE = Read("select_none", "SELECT 1 AS a, 'x' AS b WHERE false", (), Pair)


def test_names_become_numbers_in_order_of_first_use():
    text, names = sql._numbered("SELECT :b, :a, :b::text, 'x :c', a::int -- :d\n")
    assert (text, names) == ("SELECT $1, $2, $1::text, 'x :c', a::int -- :d", ("b", "a"))


def test_a_missing_query_fails_when_it_is_declared():
    with pytest.raises(KeyError, match="no_such_query"):
        sql.read("account.sql", "no_such_query", Pair)


async def test_rows_fill_the_dataclass(opened):
    async with opened.app.read_tx() as conn:
        assert await sql.fetch(conn, SELECT_PAIR, a=1, b="x") == [Pair(1, "x")]
        assert await sql.fetch_one(conn, SELECT_PAIR, a=2, b="y") == Pair(2, "y")
        assert await sql.fetch_opt(conn, SELECT_NONE) is None
        with pytest.raises(LookupError, match="select_none"):
            await sql.fetch_one(conn, SELECT_NONE)


@pytest.mark.parametrize("values", [{"a": 1}, {"a": 1, "b": "x", "c": 2}, {"a": 1, "c": "x"}])
async def test_missing_and_unknown_parameters_are_type_errors(opened, values):
    async with opened.app.read_tx() as conn:
        with pytest.raises(TypeError, match="select_pair"):
            await sql.fetch(conn, SELECT_PAIR, **values)


async def test_execute_counts_the_rows_it_touched(opened):
    make = Write("make", "CREATE TEMP TABLE pair_test (a int, b text) ON COMMIT DROP", (), Nothing)
    add = Write("add", "INSERT INTO pair_test VALUES ($1, $2)", ("a", "b"), Nothing)
    drop = Write("drop", "DELETE FROM pair_test WHERE a > $1", ("a",), Nothing)
    async with opened.worker.write_tx() as conn:
        assert isinstance(conn, Conn)
        assert isinstance(conn, ReadConn)
        await sql.execute(conn, make)
        await sql.execute_many(
            conn, add, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}]
        )
        assert await sql.execute(conn, drop, a=1) == 2
