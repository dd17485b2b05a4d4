import json
from collections import Counter

import pytest

from core.scope import Scope
from tests.make import make_membership, make_scope
from tests.search.make import embed_all, make_conversation, make_message

TEXTS = ("The pension starts in March.", "Lunch is at noon.", "Who decides about the pension?")


@pytest.fixture
async def client(signed_in, owner_connection):
    client = await signed_in(await make_scope(owner_connection))
    made = await client.post("/api/conversations", json={"title": "Plans"})
    for text in TEXTS:
        await client.post(
            f"/api/conversations/{made.json()['id']}/messages", json={"content": text}
        )
    return client


async def test_a_message_is_found_by_its_words_as_soon_as_it_is_posted(client):
    answer = await client.get("/api/search", params={"q": "pension", "mode": "lexical"})
    found = answer.json()
    assert answer.status_code == 200
    assert {hit["snippet"]["text"] for hit in found["hits"]} == {TEXTS[0], TEXTS[2]}
    hit = found["hits"][0]
    (mark,) = hit["snippet"]["highlights"]
    text = hit["snippet"]["text"]
    assert text[mark["start"] : mark["start"] + mark["length"]] == "pension"
    assert (hit["type"], hit["title"], hit["author"], hit["match"]) == (
        "message",
        "Plans",
        "ada",
        ["lexical"],
    )
    assert "text" not in hit
    assert found["request_id"] == answer.headers["X-Request-ID"]
    assert set(found) == {
        "query", "hits", "facets", "page", "coverage", "degraded", "timing_ms", "index_seq", "request_id",
    }  # fmt: skip


async def test_both_doors_give_the_same_hits(client):
    by_query = await client.get("/api/search?q=pension&mode=lexical&filter=type:message&limit=1")
    by_body = await client.post(
        "/api/search",
        json={
            "q": "pension",
            "mode": "lexical",
            "limit": 1,
            "filter": [{"op": "type", "value": "message"}],
        },
    )
    assert by_query.json()["hits"] == by_body.json()["hits"]
    assert len(by_body.json()["hits"]) == 1
    assert by_body.json()["page"]["has_more"] is True


async def test_a_hit_shows_what_was_said_around_it_and_where_it_is(client):
    query = "q=decides&mode=lexical&context=1"
    (hit,) = (await client.get(f"/api/search?{query}")).json()["hits"]
    (before,) = hit["context"]["before"]
    assert (before["content"], before["is_cut"], hit["context"]["after"]) == (TEXTS[1], False, [])
    place = await client.get(hit["links"]["self"])
    assert hit["message_id"] in [message["id"] for message in place.json()["messages"]]
    (bare,) = (await client.get("/api/search?q=decides&mode=lexical")).json()["hits"]
    assert bare["context"] is None


async def test_facets_come_with_both_doors_when_asked_for(client):
    by_query = await client.get("/api/search?q=pension&mode=lexical&facets=type,in")
    by_body = await client.post(
        "/api/search", json={"q": "pension", "mode": "lexical", "facets": ["type", "in"]}
    )
    assert (
        by_query.json()["facets"]
        == by_body.json()["facets"]
        == {
            "type": {
                "values": [{"value": "message", "label": "message", "count": 2}],
                "is_exact": True,
            },
            "in": {"values": [{"value": "Plans", "label": "Plans", "count": 2}], "is_exact": True},
        }
    )
    assert (await client.get("/api/search?q=pension")).json()["facets"] == {}


async def test_every_workspace_of_a_person_is_searched_as_one_list(signed_in, owner_connection):
    ada, eve = await make_scope(owner_connection), await make_scope(owner_connection, "eve")
    there = await make_membership(
        owner_connection, Scope(ada.account_id, eve.workspace_id, "member")
    )
    for scope in (ada, there):
        client = await signed_in(scope)
        made = await client.post("/api/conversations", json={"title": "Plans"})
        messages = f"/api/conversations/{made.json()['id']}/messages"
        await client.post(messages, json={"content": TEXTS[0]})
    del client.headers["X-Workspace"]
    asked = {"q": "pension", "mode": "lexical", "limit": 1, "workspace": "all", "facets": "type"}
    first = (await client.get("/api/search", params=asked)).json()
    asked["cursor"] = first["page"]["next_cursor"]
    second = (await client.get("/api/search", params=asked)).json()
    hits = [*first["hits"], *second["hits"]]
    assert {hit["workspace_id"] for hit in hits} == {
        str(scope.workspace_id) for scope in (ada, there)
    }
    assert [page["page"]["has_more"] for page in (first, second)] == [True, False]
    assert first["facets"]["type"]["values"] == [
        {"value": "message", "label": "message", "count": 2}
    ]
    for hit in hits:
        place = await client.get(hit["links"]["self"])
        assert [message["content"] for message in place.json()["messages"]] == [TEXTS[0]]
    body = {"q": "pension", "mode": "lexical"}
    by_body = await client.post("/api/search", json=body, headers={"X-Workspace": "all"})
    assert len(by_body.json()["hits"]) == 2
    elsewhere = await client.get("/api/files", headers={"X-Workspace": "all"})
    assert elsewhere.status_code == 404


async def test_without_a_reranker_the_answer_says_that_there_is_none(client):
    plain = await client.get("/api/search?q=pension&mode=lexical")
    asked = await client.get("/api/search?q=pension&mode=lexical&rerank=true")
    assert (plain.json()["degraded"], asked.json()["degraded"]) == ([], ["reranker_not_configured"])
    assert [hit["id"] for hit in asked.json()["hits"]] == [
        hit["id"] for hit in plain.json()["hits"]
    ]


async def test_a_negated_filter_excludes(client):
    answer = await client.get("/api/search?q=pension&mode=lexical&filter=-type:message")
    assert answer.json()["hits"] == []


async def test_dates_narrow_and_may_leave_a_hole_in_time(client):
    async def found(q):
        answer = await client.get(
            "/api/search", params={"q": f"pension {q}", "mode": "lexical", "tz": "Asia/Tokyo"}
        )
        return len(answer.json()["hits"]), len(answer.json()["query"]["warnings"])

    assert [await found(q) for q in ("on:today", "last:1h", "-last:1h", "on:2020", "-on:2020")] == [
        (2, 0), (2, 0), (0, 0), (0, 0), (2, 0),
    ]  # fmt: skip


async def test_a_strangers_search_finds_nothing(client, signed_in, owner_connection):
    stranger = await signed_in(await make_scope(owner_connection, "eve"))
    assert (await stranger.get("/api/search?q=pension")).json()["hits"] == []


@pytest.mark.parametrize(
    "query",
    [
        "", "q=", "q=%20", "q=-pension", "q=!!!", "q=" + "x" * 513, "q=" + "x" * 10_000, "q=a%00b",
        "q=x&limit=0", "q=x&limit=101", "q=x&limit=ten", "q=x&mode=magic", "q=x&semantic_ratio=2", "q=x&semantic_ratio=nan",
        "q=x&sort=random", "q=x&cursor=nonsense", "q=x&filter=nonsense", "q=x&filter=before:soon", "q=x&filter=type:dog",
        "q=x&lang=english", "q=x&min_seq=-1", "q=x&crop=0", "q=x&recall=some", "q=x&context=6", "q=x&context=-1", "q=x&group_limit=0", "q=x&group_limit=11", "q=x&type=dog", "q=x&facets=colour", "q=x" + "&filter=from:a" * 33,
    ],
)  # fmt: skip
async def test_a_question_that_cannot_be_is_refused_with_its_field(client, query):
    answer = await client.get(f"/api/search?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["error"]["details"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"q": "x", "facets": ["colour"]},
        {"q": "x", "more": 1},
        {"q": 1},
        {"q": "x", "filter": ["from:a"]},
        {"q": "\ud800"},
    ],
)
async def test_a_body_that_cannot_be_is_refused(client, body):
    content = json.dumps(body)
    answer = await client.post(
        "/api/search", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


async def test_without_redis_search_answers_and_its_limit_holds_in_the_process(
    client, without_redis
):
    answer = await client.get("/api/search?q=pension&mode=lexical")
    assert len(answer.json()["hits"]) == 2


async def test_each_account_has_its_limit(client, monkeypatch):
    from api.limits import Bucket
    from api.search import search

    monkeypatch.setattr(search, "SEARCH", Bucket("search", 2, 60))
    answers = [await client.get("/api/search?q=x&mode=lexical") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_search_is_at_most_eight_statements(
    signed_in, resources, owner_connection, queries
):
    """Beside BEGIN and COMMIT around those that hydrate. Each option that has to ask adds what it asks."""
    scope = await make_scope(owner_connection)
    client = await signed_in(scope)
    talk = await make_conversation(owner_connection, scope)
    await make_message(resources, owner_connection, scope, conversation_id=talk, content=TEXTS[0])
    await embed_all(resources, owner_connection, scope)

    async def asked(query: str) -> Counter[str]:
        with queries() as names:
            answer = await client.get(f"/api/search?q=pension{query}")
        assert [hit["snippet"]["text"] for hit in answer.json()["hits"]] == [TEXTS[0]]
        return Counter(names)

    await asked("")  # from now on the workspace's languages are known
    plain = await asked("")
    assert plain.total() <= 8, plain
    assert {
        query: sorted((await asked(query) - plain).elements())
        for query in (
            "&mode=lexical",
            "&mode=semantic",
            "&sort=newest",
            "+from:ada+after:2020",
            "&facets=type,from,in,month,ext,lang",
            "&context=2",
        )
    } == {
        "&mode=lexical": [],
        "&mode=semantic": [],
        "&sort=newest": ["find_dated"],
        "+from:ada+after:2020": ["match_people"],
        "&facets=type,from,in,month,ext,lang": ["count_facets", "read_labels"],
        "&context=2": ["find_context"],
    }
