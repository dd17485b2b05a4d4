import pytest

from app.sessions import hash_token
from app.tickets import Tickets
from core.errors import NotSignedIn


async def test_a_ticket_stands_for_its_session_once(resources):
    tickets, session = Tickets(resources.redis), hash_token("token")
    ticket = await tickets.issue(session)
    assert await tickets.use(ticket) == session
    with pytest.raises(NotSignedIn):
        await tickets.use(ticket)


async def test_a_ticket_is_kept_for_30_s_and_by_its_hash(resources):
    ticket = await Tickets(resources.redis).issue(b"hash")
    (key,) = await resources.redis.keys("ticket:*")
    assert ticket not in key.decode()
    assert 0 < await resources.redis.ttl(key) <= 30


async def test_what_stands_for_another_ticket_or_nothing_opens_no_door(resources):
    tickets = Tickets(resources.redis)
    ticket, other = [await tickets.issue(hash_token(who)) for who in ("ada", "ben")]
    keys = [f"ticket:{hash_token(each).hex()}" for each in (ticket, other)]
    await resources.redis.copy(*keys, replace=True)
    for kept in (None, b"", hash_token("ada"), b"\0" * 64, b'["ada"]'):
        if kept is not None:
            await resources.redis.set(keys[1], kept, ex=5)
        with pytest.raises(NotSignedIn):
            await tickets.use(other)
