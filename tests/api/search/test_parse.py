import pytest

from api.search.parse import ParseBody
from tests.make import make_scope


@pytest.fixture
async def client(signed_in, owner_connection):
    return await signed_in(await make_scope(owner_connection))


async def read(client, q, **given):
    answer = await client.post("/api/search/parse", json={"q": q, **given})
    assert answer.status_code == 200
    return answer.json()


async def test_the_parse_is_a_tree_of_clauses(client):
    said = await read(client, '"last salary" -old (tax law) OR retir*')
    term = {"text": "tax", "kind": "word"}
    law = {"text": "law", "kind": "word"}
    assert said == {
        "text": '"last salary" -old (tax law) OR retir*',
        "clauses": [
            {"kind": "phrase", "text": "last salary"},
            {"kind": "not", "clause": {"kind": "word", "text": "old"}},
            {"kind": "any", "options": [
                [{"kind": "any", "options": [[term, law]]}], [{"kind": "prefix", "text": "retir"}],
            ]},
        ],
        "filters": [], "alternatives": None, "warnings": [], "refused": None,
    }  # fmt: skip


async def test_filters_show_the_instants_of_the_askers_zone(client):
    said = await read(client, "-from:ada during:2026-03", tz="Europe/Berlin")
    assert said["filters"] == [
        {"op": "from", "value": "ada", "negated": True, "from": None, "to": None},
        {
            "op": "during", "value": "2026-03", "negated": False,
            "from": "2026-02-28T23:00:00Z", "to": "2026-03-31T22:00:00Z",
        },
    ]  # fmt: skip


async def test_what_was_taken_as_text_is_told(client):
    said = await read(client, "on:easter site:here x")
    assert [clause["text"] for clause in said["clauses"]] == ["on:easter", "site:here", "x"]
    assert [warning.split(":")[0] for warning in said["warnings"]] == ["on", "The operator site"]
    assert (await read(client, "-x"))["refused"]


@pytest.mark.parametrize("tz", ["Mars/Olympus", "../etc/passwd", "Europe", "", "x" * 65])
async def test_a_zone_that_is_none_is_refused_by_its_field(client, tz):
    answer = await client.post("/api/search/parse", json={"q": "x", "tz": tz})
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == ["tz"]
    found = await client.get("/api/search", params={"q": "x", "mode": "lexical", "tz": tz})
    assert found.status_code == 400
    assert [detail["field"] for detail in found.json()["error"]["details"]] == ["tz"]


async def test_it_needs_somebody_signed_in(client):
    client.headers.pop("Authorization")
    assert (await client.post("/api/search/parse", json={"q": "x"})).status_code == 401


def test_days_are_days_of_utc_unless_a_zone_is_named():
    assert ParseBody(q="x").tz == "UTC"
