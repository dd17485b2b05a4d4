from dataclasses import replace
from datetime import timedelta

import pytest

from app.sessions import CACHED_S, Sessions, hash_token
from core.errors import NotFound, NotSignedIn
from core.ids import new_id
from core.redis_pool import open_redis
from tests.make import make_colleague, make_scope

CACHED_LONGER_S = 600  # than the slowest machine needs for a test


@pytest.fixture
def sessions(resources, monkeypatch):
    monkeypatch.setattr("app.sessions.CACHED_S", CACHED_LONGER_S)
    return Sessions(resources.signin, resources.redis, timedelta(days=30))


@pytest.fixture
async def ada(resources, owner_connection):
    return await make_scope(owner_connection)


async def ask(sessions, token, workspace_id=None):
    return await sessions.find_caller(token, workspace_id=workspace_id)


async def test_a_token_leads_to_its_account_in_its_own_workspace(sessions, ada):
    new = await sessions.start(ada.account_id, kind="bearer")
    first, cached = [await ask(sessions, new.token) for _ in range(2)]
    assert first.scope == cached.scope == ada
    assert first.session == cached.session == new.session


async def test_only_its_hash_is_stored(sessions, ada, owner_connection, resources):
    new = await sessions.start(ada.account_id, kind="cookie")
    await ask(sessions, new.token)
    row = await owner_connection.fetchrow("SELECT * FROM session")
    assert row["token_hash"] == hash_token(new.token)
    assert new.token not in str(dict(row))
    (key,) = await resources.redis.keys("session:*")
    assert new.token.encode() not in key + await resources.redis.get(key)
    assert 0 < await resources.redis.ttl(key) <= CACHED_LONGER_S
    assert CACHED_S <= 5


@pytest.mark.parametrize("token", ["", "nonsense", "\udc80", "x" * 10_000])
async def test_what_is_no_token_signs_nobody_in(sessions, ada, token):
    with pytest.raises(NotSignedIn):
        await ask(sessions, token)


async def test_an_expired_session_is_over(sessions, ada, owner_connection):
    new = await sessions.start(ada.account_id, kind="bearer")
    await owner_connection.execute("UPDATE session SET expires_at = now() - interval '1 s'")
    with pytest.raises(NotSignedIn):
        await ask(sessions, new.token)


async def test_use_prolongs_a_session_at_most_once_an_hour(sessions, ada, owner_connection):
    new = await sessions.start(ada.account_id, kind="bearer")
    assert (await ask(sessions, new.token)).session.expires_at == new.session.expires_at
    other = await sessions.start(ada.account_id, kind="bearer")
    await owner_connection.execute("UPDATE session SET expires_at = now() + interval '1 day'")
    prolonged = (await ask(sessions, other.token)).session.expires_at
    assert prolonged - new.session.expires_at < timedelta(minutes=1)
    assert await owner_connection.fetchval("SELECT max(expires_at) FROM session") == prolonged


async def test_a_session_that_ends_stays_ended_against_a_request_on_its_way(sessions, ada):
    new = await sessions.start(ada.account_id, kind="bearer")
    session = (await ask(sessions, new.token)).session
    await sessions.end(ada.account_id, session_id=session.id)
    await sessions._cache(hash_token(new.token), session)
    with pytest.raises(NotSignedIn):
        await ask(sessions, new.token)
    with pytest.raises(NotFound):
        await sessions.end(ada.account_id, session_id=session.id)


async def test_what_redis_kept_for_another_token_is_not_believed(
    sessions, ada, owner_connection, resources
):
    bob = await make_scope(owner_connection, "bob")
    hers = await sessions.start(ada.account_id, kind="bearer")
    his = await sessions.start(bob.account_id, kind="bearer")
    for new in (hers, his):
        await sessions.find_caller(new.token, workspace_id=None)
    key, other = (f"session:{hash_token(new.token).hex()}" for new in (hers, his))
    await resources.redis.copy(key, other, replace=True)
    caller = await sessions.find_caller(his.token, workspace_id=None)
    assert caller.scope.account_id == bob.account_id


@pytest.mark.parametrize("kept", [b"", b"{", b"7", b"[]", b'["%s"]', b'["%s", {"id": 5}]', b'["%s", 1, 2, 3, 4, 5]'])  # fmt: skip
async def test_garbage_in_redis_is_no_session_and_no_obstacle(sessions, ada, resources, kept):
    new = await sessions.start(ada.account_id, kind="bearer")
    name = hash_token(new.token).hex()
    await resources.redis.set(f"session:{name}", kept.replace(b"%s", name.encode()), ex=5)
    assert (await ask(sessions, new.token)).session == new.session


async def test_losing_redis_signs_nobody_out_and_nobody_in(sessions, ada, resources):
    kept = await sessions.start(ada.account_id, kind="bearer")
    ended = await sessions.start(ada.account_id, kind="bearer")
    await resources.redis.flushdb()
    assert (await ask(sessions, kept.token)).scope == ada
    away = open_redis("unix:///nowhere/valkey.sock")
    without = replace(sessions, redis=away)
    await without.end(ada.account_id, session_id=ended.session.id)
    assert (await ask(without, kept.token)).scope == ada
    with pytest.raises(NotSignedIn):
        await ask(without, ended.token)
    await without.end_all(ada.account_id)
    assert await without.list_of(ada.account_id) == []
    await away.aclose()


async def test_the_role_is_read_at_each_request(sessions, ada, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    new = await sessions.start(bob.account_id, kind="bearer")
    roles = []
    for role in ("admin", "guest"):
        await owner_connection.execute(
            "UPDATE membership SET role = $1 WHERE account_id = $2 AND workspace_id = $3",
            role, bob.account_id, ada.workspace_id,
        )  # fmt: skip
        roles.append((await ask(sessions, new.token, ada.workspace_id)).scope.role)
    assert roles == ["admin", "guest"]


async def test_a_workspace_of_others_is_not_found(sessions, ada, owner_connection):
    eve = await make_scope(owner_connection, "eve")
    new = await sessions.start(ada.account_id, kind="bearer")
    for workspace_id in (eve.workspace_id, new_id()):
        for _ in range(2):  # from the database, then from the cache
            with pytest.raises(NotFound):
                await ask(sessions, new.token, workspace_id)


async def test_use_does_not_prolong_the_session_of_a_command(resources, ada, owner_connection):
    short = Sessions(resources.signin, resources.redis, timedelta(hours=1), prolongs=False)
    new = await short.start(ada.account_id, kind="bearer")
    long = Sessions(resources.signin, resources.redis, timedelta(days=30))
    assert (await ask(long, new.token)).session.expires_at == new.session.expires_at
    assert (
        await owner_connection.fetchval("SELECT expires_at FROM session") == new.session.expires_at
    )
