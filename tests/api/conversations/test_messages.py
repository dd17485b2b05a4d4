import asyncio
from unittest.mock import ANY

import pytest

from core.ids import new_id
from tests.make import make_colleague

SSE = {"Accept": "text/event-stream"}


@pytest.fixture
async def path(mine):
    made = await mine.post("/api/conversations", json={})
    return f"/api/conversations/{made.json()['id']}"


async def post(mine, path, content="When does the pension start?", **more):
    return await mine.post(f"{path}/messages", json={"content": content} | more)


async def test_a_posted_message_stands_in_its_conversation(mine, ada, path):
    posted = await post(mine, path)
    assert posted.status_code == 201
    assert posted.json() == {
        "id": ANY,
        "conversation_id": path.rpartition("/")[2],
        "parent_id": None,
        "seq": 1,
        "role": "user",
        "author_id": str(ada.account_id),
        "author": "ada",
        "content": "When does the pension start?",
        "revision": 1,
        "run_id": None,
        "attachments": [],
        "siblings": 1,
        "sibling_index": 1,
        "previous_sibling_id": None,
        "next_sibling_id": None,
        "mentions": [],
        "is_pinned": False,
        "reactions": [],
        "created_at": ANY,
        "edited_at": None,
        "deleted_at": None,
        "index_seq": ANY,
    }
    listed = (await mine.get(f"{path}/messages")).json()
    assert listed == {
        "items": [{k: v for k, v in posted.json().items() if k != "index_seq"}],
        "next_cursor": None,
    }
    assert (await mine.get(path)).json()["title"] == "When does the pension start?"


async def test_a_message_is_indexed_and_its_embedding_queued_with_it(mine, path, owner_connection):
    message = (await post(mine, path)).json()
    passage = await owner_connection.fetchrow(
        "SELECT message_id, span_start, span_end FROM passage"
    )
    job = await owner_connection.fetchrow("SELECT kind, subject_id, state FROM job")
    assert (str(passage["message_id"]), passage["span_end"]) == (message["id"], 28)
    assert (job["kind"], str(job["subject_id"]), job["state"]) == (
        "embed_message",
        message["id"],
        "queued",
    )


async def test_a_message_follows_the_latest_unless_it_names_its_parent(mine, path):
    first = (await post(mine, path, "One")).json()
    second = (await post(mine, path, "Two")).json()
    other = (await post(mine, path, "Two, again", parent_id=first["id"])).json()
    assert [second["parent_id"], other["parent_id"]] == [first["id"]] * 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n "}, "content"),
        ({"content": None}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": "x" * 100_001}, "content"),
        ({"client_id": ""}, "client_id"),
        ({"parent_id": "nobody"}, "parent_id"),
        ({"parent_id": str(new_id())}, "parent_id"),
        ({"attachments": [str(new_id())]}, "attachments"),
        ({"attachments": [str(new_id())] * 21}, "attachments"),
        ({"seq": 7}, "seq"),
        ({"reply": {"model": "openai:gpt"}}, "model"),
        ({"reply": {"model": "nobody"}}, "model"),
        ({"reply": {"max_tokens": 0}}, "reply.max_tokens"),
        ({"reply": {"retrieve": {"k": 21}}}, "reply.retrieve.k"),
    ],
)
async def test_a_message_that_cannot_be_names_its_field_and_leaves_nothing(
    mine, path, changed, field
):
    answer = await mine.post(f"{path}/messages", json={"content": "x"} | changed)
    assert answer.status_code == 400
    assert [d["field"] for d in answer.json()["error"]["details"]] == [field]
    assert (await mine.get(path)).json()["last_seq"] == 0


async def test_a_parent_of_another_conversation_is_no_parent(mine, path):
    message = (await post(mine, path)).json()
    other = await mine.post("/api/conversations", json={})
    answer = await post(mine, f"/api/conversations/{other.json()['id']}", parent_id=message["id"])
    assert answer.status_code == 400


async def test_the_same_client_id_posts_once(mine, path):
    first, again = [(await post(mine, path, client_id="a")).json() for _ in range(2)]
    other = await post(mine, path, "Something else", client_id="a")
    assert (again["id"], again["index_seq"]) == (first["id"], None)
    assert other.status_code == 409
    assert (await mine.get(path)).json()["last_seq"] == 1


async def test_two_authors_may_use_the_same_client_id(mine, path, ada, signed_in, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "writer"})
    first = await post(mine, path, "Ada's", client_id="a")
    second = await post(await signed_in(bob), path, "Bob's", client_id="a")
    assert (first.json()["seq"], second.json()["seq"]) == (1, 2)


async def test_many_posts_at_once_leave_no_gap_in_seq(mine, path):
    answers = await asyncio.gather(*(post(mine, path, f"Message {n}") for n in range(8)))
    assert sorted(a.json()["seq"] for a in answers if a.status_code == 201) == list(
        range(1, 1 + sum(a.status_code == 201 for a in answers))
    )
    assert {a.status_code for a in answers} <= {201, 503}


async def test_an_edit_keeps_the_revision_and_replaces_the_passages(mine, path, owner_connection):
    message = (await post(mine, path, "The old words")).json()
    edited = await mine.patch(f"/api/messages/{message['id']}", json={"content": "Other words"})
    kept = await owner_connection.fetch("SELECT revision, content FROM message_revision")
    passages = await owner_connection.fetch("SELECT tsv::text FROM passage")
    assert (edited.json()["content"], edited.json()["revision"]) == ("Other words", 2)
    assert edited.headers["ETag"] == '"2"'
    assert [tuple(row) for row in kept] == [(1, "The old words")]
    assert len(passages) == 1
    assert "old" not in passages[0]["tsv"]


async def test_an_edit_of_an_older_version_is_stale(mine, path):
    message = (await post(mine, path)).json()
    where = f"/api/messages/{message['id']}"
    await mine.patch(where, json={"content": "Second"}, headers={"If-Match": '"1"'})
    late = await mine.patch(where, json={"content": "Third"}, headers={"If-Match": '"1"'})
    assert late.status_code == 412


async def test_a_branch_is_a_sibling_and_the_first_stays(mine, path):
    parent = (await post(mine, path, "Root")).json()
    message = (await post(mine, path, "First")).json()
    sibling = await mine.patch(
        f"/api/messages/{message['id']}", json={"content": "Other", "branch": True}
    )
    assert sibling.json()["id"] != message["id"]
    assert sibling.json()["parent_id"] == parent["id"]
    assert (sibling.json()["siblings"], sibling.json()["previous_sibling_id"]) == (2, message["id"])
    for view, contents in (("linear", ["Root", "Other"]), ("tree", ["Root", "First", "Other"])):
        listed = (await mine.get(f"{path}/messages?view={view}")).json()["items"]
        assert [m["content"] for m in listed] == contents


async def test_the_same_key_writes_another_version_once(mine, path):
    message = (await post(mine, path, "First")).json()
    edit, key = {"content": "Other", "branch": True}, {"Idempotency-Key": "a"}
    first, again = [
        await mine.patch(f"/api/messages/{message['id']}", json=edit, headers=key) for _ in range(2)
    ]
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["ETag"] == first.headers["ETag"] == '"1"'
    listed = (await mine.get(f"{path}/messages?view=tree")).json()["items"]
    assert [m["content"] for m in listed] == ["First", "Other"]


async def test_only_its_author_edits_a_message(mine, path, ada, signed_in, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "writer"})
    his = await signed_in(bob)
    written = (await post(mine, path, "Ada's")).json()["id"]
    bobs = (await post(his, path, "Bob's")).json()["id"]
    assert (await his.patch(f"/api/messages/{written}", json={"content": "x"})).status_code == 403
    assert (await his.delete(f"/api/messages/{written}")).status_code == 403
    assert (await mine.patch(f"/api/messages/{bobs}", json={"content": "x"})).status_code == 403
    assert (await mine.delete(f"/api/messages/{bobs}")).status_code == 204


async def test_who_may_no_longer_write_cannot_edit_either(
    mine, path, ada, signed_in, owner_connection
):
    bob = await make_colleague(owner_connection, ada)
    grant = {"principal": str(bob.account_id), "role": "writer"}
    await mine.put(f"{path}/members", json=grant)
    his = await signed_in(bob)
    message = (await post(his, path, "Bob's")).json()["id"]
    await mine.put(f"{path}/members", json=grant | {"role": "reader"})
    edited = await his.patch(f"/api/messages/{message}", json={"content": "Still Bob's"})
    assert edited.status_code == 403
    assert (await his.delete(f"/api/messages/{message}")).status_code == 403


async def test_a_deleted_message_loses_its_words_and_stays_only_as_a_parent(
    mine, path, owner_connection
):
    first = (await post(mine, path, "First")).json()["id"]
    second = (await post(mine, path, "Second")).json()["id"]
    for message in (first, second):
        assert (await mine.delete(f"/api/messages/{message}")).status_code == 204
    items = (await mine.get(f"{path}/messages")).json()["items"]
    assert [(m["id"], m["content"], m["deleted_at"] is not None) for m in items] == [
        (first, "", True)
    ]
    assert await owner_connection.fetchval("SELECT count(*) FROM passage") == 0
    edit = await mine.patch(f"/api/messages/{first}", json={"content": "Back"})
    assert edit.status_code == 409


async def test_pages_of_messages_follow_seq(mine, path):
    for n in range(5):
        await post(mine, path, f"Message {n}")
    first = (await mine.get(f"{path}/messages?limit=2")).json()
    rest = (await mine.get(f"{path}/messages?limit=100&cursor={first['next_cursor']}")).json()
    assert [m["seq"] for m in [*first["items"], *rest["items"]]] == [1, 2, 3, 4, 5]
    assert rest["next_cursor"] is None


async def test_a_message_with_a_reply_answers_with_its_run_and_queues_it(
    mine, path, owner_connection
):
    answer = await post(mine, path, reply={"max_tokens": 50})
    run = await owner_connection.fetchrow("SELECT id, prompt_message_id, model, state FROM run")
    assert answer.status_code == 202
    assert answer.json()["run"] == {"id": str(run["id"]), "state": "running"}
    assert answer.json()["message"]["id"] == str(run["prompt_message_id"])
    assert (run["model"], run["state"]) == ("extractive", "running")
    kinds = await owner_connection.fetch("SELECT kind FROM job ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["embed_message", "reply"]


async def test_a_reply_asked_for_twice_is_one_run(mine, path, owner_connection):
    first, again = [(await post(mine, path, reply={}, client_id="a")).json() for _ in range(2)]
    assert again["run"]["id"] == first["run"]["id"]
    assert await owner_connection.fetchval("SELECT count(*) FROM run") == 1


async def test_a_reply_asked_for_after_its_message_was_posted_is_begun_once(
    mine, path, owner_connection
):
    alone = (await post(mine, path, client_id="a")).json()
    first, again = [await post(mine, path, reply={}, client_id="a") for _ in range(2)]
    assert [first.status_code, again.status_code] == [202, 202]
    assert first.json()["message"]["id"] == alone["id"]
    assert first.json()["run"] == again.json()["run"]
    jobs = await owner_connection.fetchval("SELECT count(*) FROM job WHERE kind = 'reply'")
    assert (jobs, (await mine.get(path)).json()["last_seq"]) == (1, 1)


async def test_a_message_that_was_deleted_meanwhile_is_not_answered(mine, path):
    first = (await post(mine, path, client_id="a")).json()["id"]
    await post(mine, path, "It has an answer, so it stays as its parent")
    await mine.delete(f"/api/messages/{first}")
    for headers in ({}, SSE):
        body = {"content": "When does the pension start?", "client_id": "a", "reply": {}}
        refused = await mine.post(f"{path}/messages", json=body, headers=headers)
        assert refused.status_code == 409


async def test_where_no_stream_is_free_nothing_is_written(mine, path, app, monkeypatch):
    monkeypatch.setattr(app.state.streams, "_per_account", 0)
    body = {"content": "When?", "reply": {}}
    refused = await mine.post(f"{path}/messages", json=body, headers=SSE)
    assert refused.status_code == 429
    assert (await mine.get(path)).json()["last_seq"] == 0
    posted = await mine.post(f"{path}/messages", json={"content": "When?"}, headers=SSE)
    assert posted.status_code == 201


async def test_an_attachment_must_be_a_file_that_the_author_may_read(
    mine, path, ada, owner_connection
):
    bob = await make_colleague(owner_connection, ada)
    own, his = [await make_file(owner_connection, scope) for scope in (ada, bob)]
    assert (await post(mine, path, attachments=[str(his)])).status_code == 400
    posted = await post(mine, path, attachments=[str(own), str(own)])
    assert posted.json()["attachments"] == [str(own)]


async def test_a_deleted_message_shows_its_attachments_no_more(mine, path, ada, owner_connection):
    file_id = await make_file(owner_connection, ada)
    message = (await post(mine, path, attachments=[str(file_id)])).json()["id"]
    await post(mine, path, "It has an answer, so it stays as its parent")
    await mine.delete(f"/api/messages/{message}")
    listed = (await mine.get(f"{path}/messages")).json()["items"]
    assert (listed[0]["id"], listed[0]["attachments"]) == (message, [])


async def make_file(owner, scope):
    file_id = new_id()
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'file', $3, 'a.txt')",
        scope.workspace_id, file_id, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        scope.workspace_id, file_id, scope.account_id,
    )  # fmt: skip
    return file_id


@pytest.mark.parametrize("posted_before", [False, True])
async def test_who_accepts_an_event_stream_gets_the_reply_as_it_is_written(
    mine, path, owner_connection, posted_before
):
    if posted_before:
        await post(mine, path, "When?", client_id="a")
    body = {"content": "When?", "client_id": "a", "reply": {}}
    streaming = asyncio.create_task(mine.post(f"{path}/messages", json=body, headers=SSE))
    async with asyncio.timeout(60):
        while (run_id := await owner_connection.fetchval("SELECT id FROM run")) is None:  # noqa: ASYNC110 a row
            await asyncio.sleep(0.01)
    assert (await mine.post(f"/api/runs/{run_id}/stop")).json()["state"] == "stopped"
    answer = await asyncio.wait_for(streaming, 60)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert "event: run.done" in answer.text


async def test_who_wants_no_stream_is_told_the_run_whatever_he_accepts(mine, path):
    body = {"content": "When?", "reply": {"stream": False}}
    answer = await mine.post(f"{path}/messages", json=body, headers=SSE)
    assert (answer.status_code, answer.json()["run"]["state"]) == (202, "running")
    where = f"/api/messages/{answer.json()['message']['id']}/regenerate"
    again = await mine.post(where, json={"stream": False}, headers=SSE)
    assert (again.status_code, again.json()["run"]["state"]) == (202, "running")


async def test_posting_takes_a_bounded_number_of_queries(mine, path, queries):
    await post(mine, path)
    with queries() as asked:
        await post(mine, path)
    assert asked == [
        "find_standing",
        "lock_conversation",
        "find_place",
        "create_message",
        "find_messages",
        "note_change",
        "remove_message_passages",
        "add_passage",
        "raise_index_seq",
        "enqueue_job",
    ]
