import pytest

from tests.make import make_scope


@pytest.fixture
async def client(signed_in, owner_connection):
    return await signed_in(await make_scope(owner_connection))


async def test_a_conversation_is_suggested_with_what_to_insert(client):
    made = (await client.post("/api/conversations", json={"title": "Pension plans"})).json()
    answer = await client.get("/api/search/suggest", params={"q": "when pens", "limit": 3})
    assert answer.status_code == 200
    assert answer.json() == {
        "start": 5,
        "suggestions": [
            {
                "kind": "title",
                "text": "Pension plans",
                "insert": 'in:"Pension plans"',
                "item_id": made["id"],
                "type": "conversation",
            }
        ],
    }


async def test_a_stranger_is_suggested_nothing_of_it(client, signed_in, owner_connection):
    made = (await client.post("/api/conversations", json={"title": "Pension plans"})).json()
    await client.post(f"/api/conversations/{made['id']}/messages", json={"content": "pensioners"})
    stranger = await signed_in(await make_scope(owner_connection, "eve"))
    for q in ("pens", "in:pens", "name:pens"):
        assert (await stranger.get(f"/api/search/suggest?q={q}")).json()["suggestions"] == []


@pytest.mark.parametrize(
    "query",
    ["", "q=" + "x" * 10_000, "q=a%00b", "q=x&limit=0", "q=x&limit=21", "q=x&limit=ten"],
    ids=lambda query: query[:20],
)
async def test_what_cannot_be_is_refused_with_its_field(client, query):
    answer = await client.get(f"/api/search/suggest?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]


@pytest.mark.parametrize(
    "q", ["", "%", "_", "\\", "'", '"', "!!!", "\x01\x7f", "(" * 512, "é" * 512]
)
async def test_whatever_is_typed_is_answered(client, q):
    assert (await client.get("/api/search/suggest", params={"q": q})).status_code == 200


async def test_it_counts_against_the_limit_of_search(client, monkeypatch):
    from api.limits import Bucket
    from api.search import suggest as search_suggest

    monkeypatch.setattr(search_suggest, "SEARCH", Bucket("search", 2, 60))
    answers = [await client.get("/api/search/suggest?q=x") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
