from unittest.mock import ANY
from uuid import UUID

import pytest

from core.ids import new_id
from tests.api.conversations.test_messages import make_file
from tests.api.conversations.test_tree import branch, post, write_reply
from tests.make import make_colleague


@pytest.fixture
async def path(mine):
    return f"/api/conversations/{(await mine.post('/api/conversations', json={})).json()['id']}"


async def cite(owner, scope, run_id, file_id):
    await owner.execute(
        "INSERT INTO citation (workspace_id, id, run_id, ref, kind, item_id, version, passage_id, title, headings, source_start,"
        " source_end, answer_start, answer_end, quote, verdict, score)"
        " VALUES ($1, $2, $3, 1, 'file', $4, 1, $5, 'a.txt', '{}', 0, 3, 0, 7, 'May', 'verbatim', 0.5)",
        scope.workspace_id, new_id(), run_id, file_id, new_id(),
    )  # fmt: skip


async def test_a_fork_copies_the_way_to_a_message_with_files_and_citations(
    mine, path, resources, owner_connection, ada
):
    file_id = await make_file(owner_connection, ada)
    asked = await post(mine, path, "When?", reply={}, attachments=[str(file_id)])
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "In May. [1]")
    await cite(owner_connection, ada, asked["run"]["id"], file_id)
    await post(mine, path, "Later")
    reply = (await mine.get(path)).json()["messages"][1]
    forked = await mine.post(f"{path}/fork", json={"message_id": reply["id"]})
    assert forked.status_code == 201
    made = forked.json()
    assert (made["forked_from_id"], made["forked_at_id"]) == (path.rpartition("/")[2], reply["id"])
    assert (made["title"], made["is_owner"], made["last_seq"]) == ("When?", True, 2)
    first, second = (await mine.get(f"/api/conversations/{made['id']}")).json()["messages"]
    assert (first["content"], first["author"], first["attachments"]) == (
        "When?", "ada", [str(file_id)],
    )  # fmt: skip
    assert (second["content"], second["parent_id"]) == ("In May. [1]", first["id"])
    assert not {first["id"], second["id"]} & {asked["message"]["id"], reply["id"]}
    assert second["created_at"] == reply["created_at"]
    old, new = [
        (await mine.get(f"/api/runs/{run_id}")).json()
        for run_id in (asked["run"]["id"], second["run_id"])
    ]
    assert new["citations"] == [{**old["citations"][0], "id": ANY}]
    assert (new["message_id"], new["usage"]) == (second["id"], None)
    events = (await mine.get(f"/api/runs/{second['run_id']}/events")).text
    assert "event: run.done" in events


async def test_a_fork_is_found_by_its_words_and_goes_on_by_itself(mine, path, owner_connection):
    await post(mine, path, "The pelican")
    made = (await mine.post(f"{path}/fork")).json()
    after = await post(mine, f"/api/conversations/{made['id']}", "More")
    assert after["seq"] == 2
    assert (await mine.get(path)).json()["last_seq"] == 1
    items = await owner_connection.fetch(
        "SELECT item_id FROM passage WHERE tsv @@ to_tsquery('simple', 'pelican')"
    )
    assert {str(row["item_id"]) for row in items} == {path.rpartition("/")[2], made["id"]}


async def test_a_copied_answer_is_no_source_for_replies_either(
    mine, path, resources, owner_connection, ada
):
    asked = await post(mine, path, "Which bird has the pouch?", reply={})
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "The shoebill")
    made = (await mine.post(f"{path}/fork")).json()
    rows = await owner_connection.fetch(
        "SELECT m.role, p.traits FROM message m JOIN passage p ON p.message_id = m.id WHERE m.conversation_id = $1",
        UUID(made["id"]),
    )
    assert {row["role"]: row["traits"] for row in rows} == {"user": [], "assistant": ["answer"]}


async def test_a_fork_takes_the_branch_that_is_read_unless_a_message_is_named(mine, path):
    first = await post(mine, path, "First")
    await post(mine, path, "After")
    await branch(mine, first, "Other")
    read, named = [
        (await mine.post(f"{path}/fork", json=body)).json()["id"]
        for body in ({"title": "Copy"}, {"message_id": first["id"]})
    ]
    for made, contents in ((read, ["Other"]), (named, ["First"])):
        messages = (await mine.get(f"/api/conversations/{made}")).json()["messages"]
        assert [m["content"] for m in messages] == contents


async def test_who_may_not_see_where_a_fork_comes_from_is_not_told(
    mine, path, ada, signed_in, owner_connection
):
    await post(mine, path, "Hello")
    made = (await mine.post(f"{path}/fork")).json()["id"]
    bob = await make_colleague(owner_connection, ada)
    his = await signed_in(bob)
    await mine.put(f"/api/conversations/{made}/members", json={"principal": str(bob.account_id)})
    seen = (await his.get(f"/api/conversations/{made}")).json()
    assert (seen["forked_from_id"], seen["forked_at_id"]) == (None, None)
    assert (await his.post(f"{path}/fork")).status_code == 404
    assert (await his.post(f"/api/conversations/{made}/fork")).status_code == 201


async def test_of_a_deleted_message_no_words_are_copied(mine, path, owner_connection):
    first = await post(mine, path, "Secret")
    await post(mine, path, "After")
    await mine.delete(f"/api/messages/{first['id']}")
    made = (await mine.post(f"{path}/fork")).json()["id"]
    rows = await owner_connection.fetch(
        "SELECT content FROM message WHERE conversation_id = $1 ORDER BY seq", made
    )
    assert [row["content"] for row in rows] == ["", "After"]


async def test_an_empty_conversation_is_not_copied(mine, path):
    assert (await mine.post(f"{path}/fork")).status_code == 409


@pytest.mark.parametrize(
    ("importable", "remedy"),
    [
        (2, "fork it at an earlier message, or export the conversation and import it"),
        (1, "fork it at an earlier message"),
    ],
)
async def test_what_is_too_long_to_be_copied_is_told_a_way_that_is_open(
    mine, path, monkeypatch, importable, remedy
):
    monkeypatch.setattr("api.conversations.fork.MOST_COPIED", 1)
    monkeypatch.setattr("api.conversations.fork.MOST_IMPORTED", importable)
    first = await post(mine, path, "First")
    await post(mine, path, "After")
    refused = await mine.post(f"{path}/fork")
    assert refused.status_code == 413
    told = refused.json()["error"]["message"]
    assert told == f"A fork holds at most 1 messages; {remedy}."
    assert (await mine.post(f"{path}/fork", json={"message_id": first["id"]})).status_code == 201
