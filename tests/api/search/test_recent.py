import pytest


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


async def queries(client) -> list[str]:
    return [item["q"] for item in (await client.get("/api/search/recent")).json()["items"]]


async def test_a_query_that_was_meant_is_listed_and_suggested_until_it_is_forgotten(client):
    for q in ("pension plan", "lease"):
        told = await client.post("/api/search/recent", json={"q": q})
        assert (told.status_code, told.json()) == (202, {"recorded": True})
    answer = (await client.get("/api/search/recent")).json()
    assert {key: answer[key] for key in ("next_cursor", "is_kept", "kept_days")} == {
        "next_cursor": None,
        "is_kept": True,
        "kept_days": 90,
    }
    assert [sorted(item) for item in answer["items"]] == [["asked_at", "q"]] * 2
    suggested = (await client.get("/api/search/suggest?q=")).json()
    assert [(s["kind"], s["insert"]) for s in suggested["suggestions"]] == [
        ("recent", "lease"),
        ("recent", "pension plan"),
    ]
    gone = await client.delete("/api/search/recent", params={"q": "lease"})
    assert gone.status_code == 204
    assert await queries(client) == ["pension plan"]
    assert (await client.delete("/api/search/recent")).status_code == 204
    assert await queries(client) == []


async def test_a_search_records_nothing_by_itself(client):
    await client.get("/api/search?q=pension")
    assert await queries(client) == []


async def test_who_switches_it_off_leaves_nothing_behind(client):
    await client.post("/api/search/recent", json={"q": "pension"})
    off = (await client.patch("/api/search/recent", json={"is_kept": False})).json()
    assert (off["is_kept"], off["items"]) == (False, [])
    told = await client.post("/api/search/recent", json={"q": "pension"})
    assert told.json() == {"recorded": False}
    on = await client.patch("/api/search/recent", json={"is_kept": True})
    assert on.json()["is_kept"] is True


@pytest.mark.parametrize(
    "body", [{}, {"q": " "}, {"q": "\x1c"}, {"q": "a\x00"}, {"q": "x" * 513}, {"q": "x", "y": 1}]
)
async def test_what_cannot_be_kept_is_refused(client, body):
    answer = await client.post("/api/search/recent", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_it_is_for_those_who_are_signed_in(client):
    client.cookies.clear()
    client.headers.pop("Authorization", None)
    assert (await client.get("/api/search/recent")).status_code == 401
