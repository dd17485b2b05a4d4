import asyncio

import asyncpg
import numpy as np
import pytest

from core.errors import Unavailable
from sql.pool import decode_halfvec, encode_halfvec, open_pool
from tests.make import make_scope


async def test_a_full_pool_answers_unavailable_instead_of_waiting(database_url):
    pool = await open_pool(database_url, purpose="tiny", role=None, size=1, acquire_timeout_s=0.05)
    async with pool.autocommit():
        with pytest.raises(Unavailable, match="tiny is busy"):
            async with pool.read_tx():
                pass
    async with pool.read_tx() as conn:
        assert await conn.raw.fetchval("SELECT 1") == 1
    await pool.close()


async def test_the_tenant_ends_with_its_transaction(resources, owner_connection):
    scope = await make_scope(owner_connection)
    pool = await open_pool(
        str(resources.settings.database_url.get_secret_value()),
        purpose="one",
        role="recollect_app",
        size=1,
    )
    async with pool.read_tx(scope) as conn:
        assert await conn.raw.fetchval("SELECT count(*) FROM membership") == 1
    async with pool.read_tx() as conn:
        assert await conn.raw.fetchval("SELECT count(*) FROM membership") == 0
    await pool.close()


async def test_a_reader_cannot_write(resources, owner_connection):
    scope = await make_scope(owner_connection)
    async with resources.app.read_tx(scope) as conn:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await conn.raw.execute("DELETE FROM membership")


async def test_a_failed_block_leaves_nothing_and_the_connection_usable(resources, owner_connection):
    scope = await make_scope(owner_connection)
    with pytest.raises(RuntimeError):
        await _delete_and_fail(resources.app, scope)
    async with resources.app.read_tx(scope) as conn:
        assert await conn.raw.fetchval("SELECT count(*) FROM membership") == 1


async def test_of_two_that_wait_for_each_other_one_goes_on_and_one_is_to_try_again(resources):
    both = asyncio.Barrier(2)

    async def hold(first: int, then: int) -> None:
        async with resources.app.write_tx() as conn:
            await conn.raw.execute("SELECT pg_advisory_xact_lock($1)", first)
            await both.wait()
            await conn.raw.execute("SELECT pg_advisory_xact_lock($1)", then)

    ended = await asyncio.gather(hold(1, 2), hold(2, 1), return_exceptions=True)
    [refused] = [one for one in ended if one is not None]
    assert isinstance(refused, Unavailable)
    assert refused.retry_after_s == 1


async def test_a_cancelled_query_gives_its_connection_back(database_url):
    pool = await open_pool(database_url, purpose="one", role=None, size=1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_sleep(pool), 0.05)
    async with pool.read_tx() as conn:
        assert await conn.raw.fetchval("SELECT 7") == 7
    await pool.close()


async def test_a_slow_statement_is_unavailable(database_url):
    pool = await open_pool(
        database_url, purpose="slow", role=None, size=1, statement_timeout_ms=1_000
    )
    with pytest.raises(Unavailable):
        await _sleep(pool)
    await pool.close()


async def test_an_absent_database_is_unavailable(home):
    with pytest.raises(Unavailable, match="Cannot connect"):
        await open_pool(
            f"postgresql://x@/x?host={home / 'nowhere'}", purpose="x", role=None, size=1
        )


def test_halfvec_keeps_what_half_precision_holds():
    vector = np.linspace(-1, 1, 384, dtype=np.float32)
    assert np.array_equal(
        decode_halfvec(encode_halfvec(vector)), vector.astype(np.float16).astype(np.float32)
    )


async def test_halfvec_travels_both_ways(opened):
    vector = np.zeros(384, dtype=np.float32)
    vector[3] = 1
    async with opened.app.read_tx() as conn:
        back = await conn.raw.fetchval("SELECT $1::halfvec(384)", vector)
        assert np.array_equal(back, vector)
        assert await conn.raw.fetchval("SELECT $1::halfvec(384) <#> $1::halfvec(384)", vector) == -1


async def _sleep(pool) -> None:
    async with pool.read_tx() as conn:
        await conn.raw.execute("SELECT pg_sleep(30)")


async def _delete_and_fail(pool, scope) -> None:
    async with pool.write_tx(scope) as conn:
        await conn.raw.execute("DELETE FROM membership")
        raise RuntimeError
