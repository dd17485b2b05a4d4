import pytest

from core.ids import new_id
from tests.make import make_scope


@pytest.fixture
async def client(signed_in, owner_connection):
    return await signed_in(await make_scope(owner_connection))


@pytest.fixture
async def message_id(client):
    talk = (await client.post("/api/conversations", json={"title": "Plans"})).json()["id"]
    told = {"content": "The pension starts in March."}
    return (await client.post(f"/api/conversations/{talk}/messages", json=told)).json()["id"]


async def test_a_message_is_told_what_became_of_it(client, message_id):
    asked = {"q": "pension", "target": message_id, "mode": "lexical"}
    answer = (await client.get("/api/search/why-not", params=asked)).json()
    assert (answer["stage"], answer["rank"], answer["type"], answer["title"]) == (
        "found", 1, "message", "Plans",
    )  # fmt: skip
    lost = (await client.get("/api/search/why-not", params=asked | {"filter": "type:file"})).json()
    assert (lost["stage"], lost["reason"]) == ("filtered", "type:file leaves it out.")


async def test_a_hit_is_explained_when_asked(client, message_id):
    hits = (await client.get("/api/search?q=pension&explain=true")).json()["hits"]
    assert [hit["message_id"] for hit in hits] == [message_id]
    why = hits[0]["explain"]
    assert sum(leg["contribution"] for leg in why["legs"]) == pytest.approx(hits[0]["score"])
    assert [term["word"] for term in why["terms"]] == ["pension"]
    assert (await client.get("/api/search?q=pension")).json()["hits"][0]["explain"] is None


@pytest.mark.parametrize("target", ["", "x", "00000000"])
async def test_a_target_is_an_id(client, target):
    answer = await client.get("/api/search/why-not", params={"q": "pension", "target": target})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_what_is_not_there_and_what_is_hidden_are_alike(
    client, message_id, signed_in, owner_connection
):
    stranger = await signed_in(await make_scope(owner_connection))
    answers = [
        await asker.get("/api/search/why-not", params={"q": "pension", "target": str(target)})
        for asker, target in ((client, new_id()), (stranger, message_id))
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.json()["error"]["message"] for answer in answers}) == 1
