from dataclasses import replace
from uuid import UUID

import pytest

from core.errors import InvalidInput
from core.ids import new_id
from core.scope import Scope
from search.answer import SearchRequest
from search.fuse import Listed
from search.operators import Filter
from search.pages import CURSOR_LIFE_S, Cursor, Frozen, keep, new_token, read_cursor, recall, sign

KEY = b"k" * 32
SCOPE = Scope(UUID(int=1), UUID(int=2), "owner")
REQUEST = SearchRequest(q="tomatoes", filters=(Filter("ext", "pdf"),))


def test_a_cursor_comes_back_as_it_was():
    cursor = Cursor(new_token(), 40)
    assert read_cursor(sign(cursor, SCOPE, REQUEST, key=KEY), SCOPE, REQUEST, key=KEY) == cursor


def test_what_a_page_shows_of_its_hits_is_free():
    cursor = Cursor(new_token(), 40)
    text = sign(cursor, SCOPE, REQUEST, key=KEY)
    other = replace(REQUEST, explain=True, context=2, crop=9, highlight="html", limit=3)
    assert read_cursor(text, SCOPE, other, key=KEY) == cursor


def test_a_cursor_is_good_for_a_day():
    def read(age_s):
        text = sign(Cursor(new_token(age_s=age_s), 10), SCOPE, REQUEST, key=KEY)
        return read_cursor(text, SCOPE, REQUEST, key=KEY)

    assert read(CURSOR_LIFE_S - 3_600).offset == 10
    with pytest.raises(InvalidInput, match="is older than a day; start again without it"):
        read(CURSOR_LIFE_S + 1)


@pytest.mark.parametrize(
    ("scope", "request_", "key"),
    [
        (Scope(UUID(int=9), UUID(int=2), "owner"), REQUEST, KEY),
        (Scope(UUID(int=1), UUID(int=9), "owner"), REQUEST, KEY),
        (SCOPE, SearchRequest(q="other"), KEY),
        (SCOPE, replace(REQUEST, tz="Europe/Berlin"), KEY),
        (SCOPE, replace(REQUEST, group_limit=2), KEY),
        (SCOPE, replace(REQUEST, recall="exact"), KEY),
        (SCOPE, REQUEST, b"x" * 32),
    ],
)
def test_a_cursor_of_another_caller_or_query_is_refused(scope, request_, key):
    text = sign(Cursor(new_token(), 40), SCOPE, REQUEST, key=KEY)
    with pytest.raises(InvalidInput):
        read_cursor(text, scope, request_, key=key)


@pytest.mark.parametrize("text", ["", "?", "AAAA", "é", "A" * 500])
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidInput):
        read_cursor(text, SCOPE, REQUEST, key=KEY)


async def test_a_list_is_kept_for_five_minutes(resources):
    token = new_token()
    frozen = Frozen(
        [Listed(new_id(), 1.5, ("lexical", "name"), (new_id(),))], 7, "exact", ("en", "de")
    )
    await keep(resources.redis, token, frozen, key=KEY)
    assert await recall(resources.redis, token, key=KEY) == frozen
    assert 290 < await resources.redis.ttl(f"recollect:list:{token.hex()}") <= 300


async def test_a_list_that_is_gone_is_none(resources):
    assert await recall(resources.redis, new_token(), key=KEY) is None
    assert await recall(None, new_token(), key=KEY) is None


EMPTY = Frozen([], 0, "exact", ("en",))


@pytest.mark.parametrize("kept", [b"", b"\0" * 40, b"null", b'{"listed": []}', b"\xff" * 500])
async def test_what_was_not_kept_here_is_no_list(resources, kept):
    token = new_token()
    await resources.redis.set(f"recollect:list:{token.hex()}", kept, ex=5)
    assert await recall(resources.redis, token, key=KEY) is None


async def test_another_list_or_a_changed_one_is_not_believed(resources):
    token, other = new_token(), new_token()
    await keep(resources.redis, token, EMPTY, key=KEY)
    kept = await resources.redis.get(f"recollect:list:{token.hex()}")
    for name, value in ((other, kept), (token, kept.replace(b"exact", b"Exact"))):
        await resources.redis.set(f"recollect:list:{name.hex()}", value, ex=5)
        assert await recall(resources.redis, name, key=KEY) is None
    await keep(resources.redis, token, EMPTY, key=b"x" * 32)
    assert await recall(resources.redis, token, key=KEY) is None


async def test_a_list_of_another_shape_is_gone(resources):
    """During an upgrade two releases share a Redis and a key."""
    token = new_token()
    await keep(resources.redis, token, replace(EMPTY, recall="roughly"), key=KEY)
    assert await recall(resources.redis, token, key=KEY) is None


async def test_a_key_of_another_type_is_no_list(resources):
    token = new_token()
    await resources.redis.rpush(f"recollect:list:{token.hex()}", b"a")
    assert await recall(resources.redis, token, key=KEY) is None


async def test_a_dead_redis_keeps_nothing_and_breaks_nothing(dead_redis):
    token = new_token()
    await keep(dead_redis, token, EMPTY, key=KEY)
    assert await recall(dead_redis, token, key=KEY) is None


@pytest.fixture
async def dead_redis(home):
    from redis.asyncio import Redis

    redis = Redis(unix_socket_path=str(home / "nobody-listens.sock"))
    yield redis
    await redis.aclose()
