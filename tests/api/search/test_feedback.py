import pytest

from core.ids import new_id
from tests.make import make_colleague
from tests.search.make import make_conversation, make_message


@pytest.fixture
async def client(signed_in, ada):
    return await signed_in(ada)


@pytest.fixture
async def hit(resources, owner_connection, ada):
    """The ids of a message of Ada's, as a hit carries them."""
    talk = await make_conversation(owner_connection, ada)
    message_id = await make_message(
        resources, owner_connection, ada, conversation_id=talk, content="A pension plan."
    )
    passage_id = await owner_connection.fetchval("SELECT id FROM passage")
    return {"id": str(passage_id), "message_id": str(message_id)}


async def test_a_hit_is_judged_by_its_id(client, hit):
    body = {"query": "pension", "passage_id": hit["id"], "kind": "up", "rank": 1}
    given = await client.post("/api/search/feedback", json=body)
    assert (given.status_code, given.json()) == (202, {"recorded": True})
    kept = (await client.get("/api/search/feedback")).json()
    assert kept == {"workspace": True, "mine": True, "kept": 1, "kept_days": 180}
    assert (await client.delete("/api/search/feedback")).status_code == 204
    assert (await client.get("/api/search/feedback")).json()["kept"] == 0


async def test_switched_off_nothing_is_recorded_and_the_answer_says_so(
    client, hit, owner_connection
):
    off = await client.patch("/api/search/feedback", json={"mine": False})
    assert (off.status_code, off.json()["mine"], off.json()["workspace"]) == (200, False, True)
    body = {"query": "pension", "message_id": hit["message_id"], "kind": "click"}
    given = await client.post("/api/search/feedback", json=body)
    assert (given.status_code, given.json()) == (202, {"recorded": False})
    off = await client.patch("/api/search/feedback", json={"workspace": False, "mine": True})
    assert (off.json()["workspace"], off.json()["mine"]) == (False, True)
    actions = await owner_connection.fetch("SELECT action FROM audit ORDER BY id")
    assert [row["action"] for row in actions] == ["feedback.off"]


async def test_only_an_admin_switches_for_the_workspace(client, ada, signed_in, owner_connection):
    bob = await signed_in(await make_colleague(owner_connection, ada))
    refused = await bob.patch("/api/search/feedback", json={"workspace": False})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert (await bob.get("/api/search/feedback")).json()["workspace"] is True


async def test_what_is_not_there_and_what_is_not_shared_are_the_same_404(
    client, hit, ada, signed_in, owner_connection
):
    bob = await signed_in(await make_colleague(owner_connection, ada))
    told = [
        (
            await bob.post(
                "/api/search/feedback", json={"query": "x", "kind": "up", "passage_id": id_}
            )
        )
        for id_ in (hit["id"], str(new_id()))
    ]
    assert [answer.status_code for answer in told] == [404, 404]
    assert told[0].json()["error"]["message"] == told[1].json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"query": "x", "kind": "up"}, {"query": " ", "kind": "up", "file_id": str(new_id())},
        {"query": "x", "kind": "meh", "file_id": str(new_id())}, {"query": "x", "kind": "up", "file_id": "7"},
        {"query": "x", "kind": "up", "file_id": str(new_id()), "passage_id": str(new_id())},
        {"query": "x", "kind": "up", "file_id": str(new_id()), "rank": 0},
        {"query": "x" * 513, "kind": "up", "file_id": str(new_id())},
    ],
)  # fmt: skip
async def test_a_judgement_that_cannot_be_is_refused(client, body):
    answer = await client.post("/api/search/feedback", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


async def test_a_query_of_nothing_but_separators_is_refused(client, hit):
    """Bug: Python takes U+001C for a blank, the pattern does not, and nothing was left to be kept: a 500."""
    body = {"query": "\x1c", "kind": "up", "message_id": hit["message_id"]}
    answer = await client.post("/api/search/feedback", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
