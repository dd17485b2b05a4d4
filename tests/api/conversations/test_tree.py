import asyncio
import random

import pytest

from core.ids import new_id
from llm.run_log import Ending, end_run
from tests.make import make_colleague
from workers.queue import enqueue_embed_message


@pytest.fixture
async def path(mine):
    return f"/api/conversations/{(await mine.post('/api/conversations', json={})).json()['id']}"


async def post(mine, path, content, **more):
    answer = await mine.post(f"{path}/messages", json={"content": content} | more)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def read(mine, path, **parameters):
    """What stands in a conversation, as it is opened."""
    opened = (await mine.get(path, params=parameters)).json()
    return [message["content"] for message in opened["messages"]]


async def look(mine, path, message_id):
    return await mine.put(f"{path}/active-leaf", json={"message_id": message_id})


async def branch(mine, message, content):
    edited = await mine.patch(
        f"/api/messages/{message['id']}", json={"content": content, "branch": True}
    )
    return edited.json()


async def write_reply(resources, owner, ada, run_id, words):
    """Let a run end as a worker would after its model has said this."""
    await owner.execute(
        "INSERT INTO run_event (workspace_id, run_id, seq, kind, data) VALUES ($1, $2, 1, 'delta', $3)",
        ada.workspace_id, run_id, f'{{"text": "{words}"}}',
    )  # fmt: skip
    await owner.execute("UPDATE run SET last_seq = 1 WHERE id = $1", run_id)
    async with resources.app.write_tx(ada) as conn:
        await end_run(
            conn, ada.workspace_id, run_id=run_id, ending=Ending("complete"),
            embed_later=enqueue_embed_message,
        )  # fmt: skip


async def test_a_person_reads_the_branch_that_he_chose_and_goes_on_there(mine, path):
    await post(mine, path, "Root")
    first = await post(mine, path, "First")
    await post(mine, path, "After first")
    other = await branch(mine, first, "Other")
    after = await post(mine, path, "After other")
    assert after["parent_id"] == other["id"]
    assert await read(mine, path) == ["Root", "Other", "After other"]
    chosen = await look(mine, path, first["id"])
    assert await read(mine, path) == ["Root", "First", "After first"]
    assert chosen.json() == {"active_leaf_id": (await mine.get(path)).json()["messages"][-1]["id"]}
    await post(mine, path, "More of first")
    assert await read(mine, path) == ["Root", "First", "After first", "More of first"]
    assert await read(mine, path, view="tree") == [
        "Root", "First", "After first", "Other", "After other", "More of first",
    ]  # fmt: skip


async def test_each_person_has_a_branch_of_his_own(mine, path, ada, signed_in, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    his = await signed_in(bob)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "writer"})
    first = await post(mine, path, "First")
    await look(his, path, first["id"])
    await branch(mine, first, "Other")
    assert await read(mine, path) == ["Other"]
    assert await read(his, path) == ["First"]
    reset = await look(his, path, None)
    assert reset.status_code == 200
    assert await read(his, path) == ["Other"]


async def test_only_a_message_of_the_conversation_is_a_leaf(mine, path):
    other = f"/api/conversations/{(await mine.post('/api/conversations', json={})).json()['id']}"
    elsewhere = await post(mine, other, "Elsewhere")
    for message_id in (elsewhere["id"], str(new_id())):
        assert (await look(mine, path, message_id)).status_code == 404
    assert (await look(mine, path, "x")).status_code == 400


async def test_a_message_beside_the_way_opens_on_its_own_branch(mine, path):
    first = await post(mine, path, "First")
    await post(mine, path, "After first")
    await branch(mine, first, "Other")
    assert await read(mine, path, around=first["id"]) == ["First", "After first"]
    assert await read(mine, path) == ["Other"]


async def test_who_turns_a_page_stays_on_his_branch(mine, path):
    first = await post(mine, path, "First")
    await post(mine, path, "After first")
    page = (await mine.get(f"{path}/messages?limit=1")).json()
    await branch(mine, first, "Other")
    rest = await mine.get(f"{path}/messages", params={"cursor": page["next_cursor"]})
    assert [m["content"] for m in rest.json()["items"]] == ["After first"]


async def test_who_posts_after_a_deleted_message_goes_on_where_it_was(
    mine, path, ada, signed_in, owner_connection
):
    bob = await make_colleague(owner_connection, ada)
    his = await signed_in(bob)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "reader"})
    first = await post(mine, path, "First")
    await look(his, path, first["id"])
    gone = await post(mine, path, "Gone")
    await mine.delete(f"/api/messages/{gone['id']}")
    after = await post(mine, path, "After")
    assert (after["parent_id"], after["siblings"]) == (first["id"], 1)
    assert await read(his, path) == ["First", "After"]


async def test_a_deleted_message_keeps_the_tree_whole(mine, path):
    first = await post(mine, path, "First")
    middle = await post(mine, path, "Middle")
    await post(mine, path, "Last")
    await mine.delete(f"/api/messages/{middle['id']}")
    shown = (await mine.get(path)).json()["messages"]
    assert [(m["content"], m["parent_id"], m["deleted_at"] is not None) for m in shown] == [
        ("First", None, False),
        ("", first["id"], True),
        ("Last", middle["id"], False),
    ]


async def test_revisions_are_listed_the_latest_first_and_none_of_a_deleted_message(mine, path, ada):
    message = await post(mine, path, "One")
    where = f"/api/messages/{message['id']}"
    for content in ("Two", "Three"):
        await mine.patch(where, json={"content": content})
    page = (await mine.get(f"{where}/revisions?limit=1")).json()
    (second,) = page["items"]
    assert (second["revision"], second["content"], second["editor"]) == (2, "Two", "ada")
    rest = await mine.get(f"{where}/revisions", params={"cursor": page["next_cursor"]})
    assert [r["content"] for r in rest.json()["items"]] == ["One"]
    await mine.delete(where)
    assert (await mine.get(f"{where}/revisions")).json()["items"] == []


async def test_another_reply_is_a_sibling_that_its_asker_reads(
    mine, path, resources, owner_connection, ada
):
    asked = await post(mine, path, "When?", reply={"max_tokens": 50})
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "In May.")
    reply = (await mine.get(path)).json()["messages"][-1]
    again = await mine.post(f"/api/messages/{reply['id']}/regenerate")
    assert again.status_code == 202
    assert again.json()["message"]["id"] == asked["message"]["id"]
    request = await owner_connection.fetchval(
        "SELECT request::jsonb ->> 'max_tokens' FROM run WHERE id = $1", again.json()["run"]["id"]
    )
    assert request == "50"
    assert await read(mine, path) == ["When?", "In May."]
    await write_reply(resources, owner_connection, ada, again.json()["run"]["id"], "In June.")
    assert await read(mine, path) == ["When?", "In June."]
    second = (await mine.get(path)).json()["messages"][-1]
    assert (second["sibling_index"], second["siblings"]) == (2, 2)
    await look(mine, path, second["previous_sibling_id"])
    assert await read(mine, path) == ["When?", "In May."]


async def test_a_late_reply_stands_behind_what_was_said_meanwhile(
    mine, path, resources, owner_connection, ada
):
    asked = await post(mine, path, "When?", reply={})
    await post(mine, path, "Anyone?")
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "In May.")
    assert await read(mine, path) == ["When?", "Anyone?", "In May."]


async def test_what_was_deleted_or_never_asked_is_not_answered_again(mine, path):
    message = await post(mine, path, "When?")
    where = f"/api/messages/{message['id']}/regenerate"
    wrong = await mine.post(where, json={"model": "nobody"})
    assert wrong.status_code == 400
    await mine.delete(f"/api/messages/{message['id']}")
    assert (await mine.post(where)).status_code in {404, 409}


async def test_where_no_stream_is_free_no_other_reply_is_begun(
    mine, path, app, owner_connection, monkeypatch
):
    message = await post(mine, path, "When?")
    where, headers = f"/api/messages/{message['id']}/regenerate", {"Accept": "text/event-stream"}
    monkeypatch.setattr(app.state.streams, "_per_account", 0)
    assert (await mine.post(where, headers=headers)).status_code == 429
    assert await owner_connection.fetchval("SELECT count(*) FROM run") == 0
    assert (await mine.post(where)).status_code == 202


async def test_a_reader_asks_for_no_other_reply(mine, path, ada, signed_in, owner_connection):
    bob = await make_colleague(owner_connection, ada)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "reader"})
    message = await post(mine, path, "When?")
    asked = await (await signed_in(bob)).post(f"/api/messages/{message['id']}/regenerate")
    assert asked.status_code == 403


async def test_a_thousand_queued_posts_arrive_once_each_and_in_order(mine, path):
    """As a client does that was offline: in order, and some again while the first try is under way."""
    dice = random.Random(1)
    for n in range(1000):
        tries = [
            mine.post(f"{path}/messages", json={"content": f"Note {n}", "client_id": f"queued {n}"})
            for _ in range(2 if dice.random() < 0.1 else 1)
        ]
        answers = await asyncio.gather(*tries)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
    seen, cursor = [], {}
    while cursor is not None:
        page = (await mine.get(f"{path}/messages", params={"limit": 100, **cursor})).json()
        seen += [message["content"] for message in page["items"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert seen == [f"Note {n}" for n in range(1000)]
