from unittest.mock import ANY

import pytest
from websockets.exceptions import InvalidStatus

from tests.api.serving import served
from tests.api.watching import bearer, begin, post, watching


@pytest.fixture
async def url(app, resources):
    async with served(app) as url:
        yield url


async def test_a_message_comes_to_who_watches_the_conversation(url, signed_in, ada):
    client = await signed_in(ada)
    talk = await begin(client)
    topic = f"conversation:{talk}"
    async with watching(url, bearer(client)) as socket:
        assert await socket.subscribe(topic) == {
            "topic": topic, "seq": 0, "event": "subscribed", "data": {},
        }  # fmt: skip
        posted = await post(client, talk)
        del posted["index_seq"], posted["reactions"]  # of which each is shown his own
        frame = await socket.event("message.created")
    assert (frame["topic"], frame["seq"]) == (topic, 1)
    assert frame["data"].pop("at") == posted["created_at"]
    assert frame["data"] == {"actor_id": str(ada.account_id), "message": posted}


async def test_an_app_without_a_ticket_gets_one_that_opens_one_socket(url, signed_in, ada):
    client = await signed_in(ada)
    ticket = (await client.post("/api/realtime/ticket")).json()
    assert ticket == {"ticket": ANY, "expires_in_s": 30}
    async with watching(url, query=f"?ticket={ticket['ticket']}") as socket:
        assert socket.frames[0]["data"]["account_id"] == str(ada.account_id)
    with pytest.raises(InvalidStatus) as refused:
        async with watching(url, query=f"?ticket={ticket['ticket']}"):
            pass
    assert refused.value.response.status_code == 401


async def test_too_many_sockets_of_one_person_are_refused(url, app, signed_in, ada, monkeypatch):
    headers = bearer(await signed_in(ada))
    monkeypatch.setattr(app.state.sockets, "_per_account", 1)
    async with watching(url, headers):
        with pytest.raises(InvalidStatus) as refused:
            async with watching(url, headers):
                pass
    assert refused.value.response.status_code == 429


async def test_nobody_without_a_session_opens_a_socket(url):
    with pytest.raises(InvalidStatus) as refused:
        async with watching(url):
            pass
    assert refused.value.response.status_code == 401
    assert b'"code":"UNAUTHENTICATED"' in refused.value.response.body
