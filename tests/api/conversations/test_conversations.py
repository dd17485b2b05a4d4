from unittest.mock import ANY

import pytest

from tests.make import make_colleague


async def begin(client, title="Pension plan") -> str:
    return (await client.post("/api/conversations", json={"title": title})).json()["id"]


async def test_a_new_conversation_is_mine_alone(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    made = await mine.post("/api/conversations", json={"title": " Pension plan "})
    assert made.status_code == 201
    assert made.json() == {
        "id": ANY,
        "title": "Pension plan",
        "owner_id": str(ada.account_id),
        "can_write": True,
        "is_owner": True,
        "last_seq": 0,
        "is_archived": False,
        "forked_from_id": None,
        "forked_at_id": None,
        "imported_at": None,
        "change_seq": 0,
        "read_seq": 0,
        "unread": 0,
        "is_quiet": False,
        "created_at": ANY,
        "updated_at": ANY,
    }
    assert (await mine.get("/api/conversations")).json()["items"] == [made.json()]
    assert (await his.get("/api/conversations")).json()["items"] == []
    assert (await his.get(f"/api/conversations/{made.json()['id']}")).status_code == 404


async def test_a_conversation_may_begin_without_a_body(signed_in, ada):
    assert (await (await signed_in(ada)).post("/api/conversations")).json()["title"] == ""


async def test_a_guest_of_the_workspace_begins_nothing(signed_in, owner_connection, ada):
    guest = await signed_in(await make_colleague(owner_connection, ada, role="guest"))
    assert (await guest.post("/api/conversations", json={})).status_code == 403


async def test_pages_follow_each_other_without_loss_or_repetition(signed_in, ada):
    client = await signed_in(ada)
    made = [await begin(client, f"Talk {n}") for n in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/api/conversations?limit=3{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "é", "A" * 100])
async def test_a_cursor_of_ones_own_making_is_refused(signed_in, ada, cursor):
    answer = await (await signed_in(ada)).get("/api/conversations", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (400, "cursor")


async def test_a_cursor_does_not_serve_another_account(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    for _ in range(2):
        await begin(mine)
    cursor = (await mine.get("/api/conversations?limit=1")).json()["next_cursor"]
    assert (await his.get("/api/conversations", params={"cursor": cursor})).status_code == 400


async def test_a_conversation_opens_around_a_message(signed_in, ada):
    client = await signed_in(ada)
    conversation = await begin(client)
    ids = []
    for n in range(1, 8):
        posted = await client.post(
            f"/api/conversations/{conversation}/messages", json={"content": f"Message {n}"}
        )
        ids.append(posted.json()["id"])
    around = await client.get(f"/api/conversations/{conversation}?around={ids[3]}&before=2&after=1")
    end = await client.get(f"/api/conversations/{conversation}?before=2")
    assert [m["seq"] for m in around.json()["messages"]] == [2, 3, 4, 5]
    assert (around.json()["has_before"], around.json()["has_after"]) == (True, True)
    assert [m["seq"] for m in end.json()["messages"]] == [6, 7]
    assert (end.json()["has_before"], end.json()["has_after"]) == (True, False)


async def test_a_conversation_names_the_replies_that_are_being_written(
    signed_in, owner_connection, ada
):
    client = await signed_in(ada)
    path = f"/api/conversations/{await begin(client)}"
    asked = [
        await client.post(f"{path}/messages", json={"content": "Why?", "reply": {}}) for _ in "ab"
    ]
    runs = [answer.json()["run"]["id"] for answer in asked]
    assert (await client.get(path)).json()["live_runs"] == runs
    await owner_connection.execute("UPDATE run SET state = 'complete' WHERE id = $1", runs[0])
    assert (await client.get(path)).json()["live_runs"] == runs[1:]


async def test_around_a_message_of_another_conversation_is_not_found(signed_in, ada):
    client = await signed_in(ada)
    here, there = await begin(client), await begin(client)
    posted = await client.post(f"/api/conversations/{there}/messages", json={"content": "There"})
    answer = await client.get(f"/api/conversations/{here}?around={posted.json()['id']}")
    assert answer.status_code == 404


async def test_renaming_needs_the_current_etag_when_one_is_named(signed_in, ada):
    client = await signed_in(ada)
    path = f"/api/conversations/{await begin(client)}"
    etag = (await client.get(path)).headers["ETag"]
    first = await client.patch(path, json={"title": "First"}, headers={"If-Match": etag})
    late = await client.patch(path, json={"title": "Late"}, headers={"If-Match": etag})
    assert (first.status_code, first.json()["title"]) == (200, "First")
    assert first.headers["ETag"] == (await client.get(path)).headers["ETag"] != etag
    assert (late.status_code, late.json()["error"]["code"]) == (412, "PRECONDITION_FAILED")


@pytest.mark.parametrize(
    "body",
    [{}, {"title": ""}, {"title": "x" * 301}, {"title": "a\0b"}, {"title": 1}, {"owner_id": "x"}],
)
async def test_a_title_that_cannot_be_is_refused(signed_in, ada, body):
    client = await signed_in(ada)
    assert (
        await client.patch(f"/api/conversations/{await begin(client)}", json=body)
    ).status_code == 400


async def test_the_bin_hides_a_conversation_until_its_owner_restores_it(signed_in, ada):
    client = await signed_in(ada)
    path = f"/api/conversations/{await begin(client)}"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    binned = (await client.get("/api/conversations/deleted")).json()["items"]
    assert [item["title"] for item in binned] == ["Pension plan"]
    assert (await client.post(f"{path}/restore")).status_code == 200
    assert (await client.post(f"{path}/restore")).status_code == 200
    assert (await client.get(path)).status_code == 200


async def test_a_reader_reads_a_writer_writes_and_only_the_owner_decides(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    path = f"/api/conversations/{await begin(mine)}"
    shared = await mine.put(
        f"{path}/members", json={"principal": str(bob.account_id), "role": "reader"}
    )
    assert [(g["name"], g["role"]) for g in shared.json()["items"]] == [
        ("ada", "owner"),
        ("bob", "reader"),
    ]
    assert (await his.get(path)).json()["can_write"] is False
    assert (await his.patch(path, json={"title": "His"})).status_code == 403
    assert (await his.post(f"{path}/messages", json={"content": "His"})).status_code == 403
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id), "role": "writer"})
    assert (await his.post(f"{path}/messages", json={"content": "His"})).status_code == 201
    assert (await his.patch(path, json={"title": "His"})).status_code == 200
    assert (await his.delete(path)).status_code == 403
    everyone = {"principal": "workspace", "role": "reader"}
    assert (await his.put(f"{path}/members", json=everyone)).status_code == 403


async def test_a_grant_taken_away_works_on_the_next_request(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    path = f"/api/conversations/{await begin(mine)}"
    await mine.put(f"{path}/members", json={"principal": "workspace"})
    assert (await his.get(path)).status_code == 200
    assert (await mine.delete(f"{path}/members/workspace")).status_code == 204
    assert (await his.get(path)).status_code == 404


async def test_a_member_may_leave(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    path = f"/api/conversations/{await begin(mine)}"
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id)})
    assert (await his.delete(f"{path}/members/{ada.account_id}")).status_code == 404
    assert (await his.delete(f"{path}/members/{bob.account_id}")).status_code == 204
    assert (await his.get(path)).status_code == 404


async def test_opening_a_conversation_at_its_end_takes_five_statements(signed_in, ada, queries):
    client = await signed_in(ada)
    path = f"/api/conversations/{await begin(client)}"
    await client.post(f"{path}/messages", json={"content": "When does the pension start?"})
    with queries() as asked:
        await client.get(path)
    assert asked == [
        "find_standing",
        "find_conversation",
        "list_live_runs",
        "list_path_before",
        "find_messages",
    ]


@pytest.mark.parametrize("window", ["", "?before=0", "?around={0}&before=0&after=0", "?view=tree"])
async def test_the_leaf_is_told_whatever_is_shown(signed_in, ada, window):
    client = await signed_in(ada)
    path = f"/api/conversations/{await begin(client)}"
    assert (await client.get(path)).json()["active_leaf_id"] is None
    said = [
        (await client.post(f"{path}/messages", json={"content": content})).json()["id"]
        for content in ("One", "Two", "Three")
    ]
    opened = (await client.get(path + window.format(*said))).json()
    assert opened["active_leaf_id"] == said[-1]


async def titles(client, **parameters):
    listed = await client.get("/api/conversations", params=parameters)
    assert listed.status_code == 200, listed.text
    return [item["title"] for item in listed.json()["items"]]


async def test_who_archives_a_conversation_moves_it_out_of_his_own_list_only(signed_in, ada, bob):
    mine, his = await signed_in(ada), await signed_in(bob)
    path = f"/api/conversations/{await begin(mine)}"
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id)})
    archived = await his.patch(path, json={"archived": True})
    assert archived.json()["is_archived"] is True
    assert (await titles(his), await titles(his, archived=True)) == ([], ["Pension plan"])
    assert (await titles(mine), await titles(mine, archived=True)) == (["Pension plan"], [])
    await his.patch(path, json={"archived": False})
    assert await titles(his) == ["Pension plan"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("pens", ["Pension plan"]),
        ("plan pens", ["Pension plan"]),
        ("caf", ["Café 50%_\\ off"]),
        ("CAFÉ", ["Café 50%_\\ off"]),
        ("ension", []),
        ("%", ["Café 50%_\\ off", "Pension plan"]),
        ("50%", ["Café 50%_\\ off"]),
        ("\0", ["Café 50%_\\ off", "Pension plan"]),
    ],
)
async def test_a_list_is_searched_by_the_beginnings_of_words(signed_in, ada, q, found):
    client = await signed_in(ada)
    for title in ("Pension plan", "Café 50%_\\ off"):
        await begin(client, title)
    assert await titles(client, q=q) == found
