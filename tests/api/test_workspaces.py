from unittest.mock import ANY

import pytest

from core.scope import Scope
from tests.make import make_scope


@pytest.fixture
async def ada(owner_connection):
    return await make_scope(owner_connection, "ada")


@pytest.fixture
async def bob(owner_connection):
    return await make_scope(owner_connection, "bob")


async def email_of(owner, scope: Scope) -> str:
    return await owner.fetchval("SELECT email FROM account WHERE id = $1", scope.account_id)


@pytest.fixture
async def research(signed_in, ada, bob, owner_connection):
    """The path of a workspace of Ada's with Bob in it, and their two clients."""
    mine, his = await signed_in(ada), await signed_in(bob)
    made = await mine.post("/api/workspaces", json={"name": " Research "})
    path = f"/api/workspaces/{made.json()['id']}"
    added = await mine.post(
        f"{path}/members", json={"email": await email_of(owner_connection, bob)}
    )
    assert (made.status_code, added.status_code) == (201, 201)
    return path, mine, his


async def test_i_see_my_own_workspace_and_those_i_was_let_into(research, bob):
    path, _, his = research
    listed = (await his.get("/api/workspaces")).json()["items"]
    assert [(w["name"], w["kind"], w["role"]) for w in listed] == [
        ("Research", "shared", "member"),
        ("bob", "personal", "owner"),
    ]
    assert (await his.get(path)).json() == listed[0]
    assert (await his.get("/api/workspaces?limit=1")).json()["next_cursor"] is not None


async def test_members_are_listed_for_members_only(research, signed_in, owner_connection, ada, bob):
    path, mine, his = research
    stranger = await signed_in(await make_scope(owner_connection, "eve"))
    members = (await his.get(f"{path}/members")).json()
    assert [(m["name"], m["role"]) for m in members["items"]] == [
        ("ada", "owner"),
        ("bob", "member"),
    ]
    assert (await mine.get(f"{path}/members")).json() == members
    assert (await stranger.get(f"{path}/members")).status_code == 404
    assert (await stranger.get(path)).status_code == 404


async def test_two_people_share_a_conversation_in_it(research):
    path, mine, his = research
    here = {"X-Workspace": path.rpartition("/")[2]}
    made = await mine.post("/api/conversations", json={"title": "Ours"}, headers=here)
    talk = f"/api/conversations/{made.json()['id']}"
    assert (await his.get(talk, headers=here)).status_code == 404
    await mine.put(
        f"{talk}/members", json={"principal": "workspace", "role": "writer"}, headers=here
    )
    assert (await his.get(talk, headers=here)).json()["title"] == "Ours"
    assert (
        await his.get(talk, params={"workspace": here["X-Workspace"]}, headers={"X-Workspace": ""})
    ).status_code == 200
    assert (await his.get(talk)).status_code == 404


async def test_a_workspace_that_i_do_not_belong_to_is_not_found(signed_in, ada, bob):
    mine = await signed_in(ada)
    for named in (str(bob.workspace_id), "nonsense", "all"):
        assert (
            await mine.get("/api/conversations", headers={"X-Workspace": named})
        ).status_code == 404


async def test_who_is_removed_is_out_on_the_next_request(research, bob):
    path, mine, his = research
    here = {"X-Workspace": path.rpartition("/")[2]}
    assert (await his.get("/api/conversations", headers=here)).status_code == 200
    assert (await mine.delete(f"{path}/members/{bob.account_id}")).status_code == 204
    assert (await his.get("/api/conversations", headers=here)).status_code == 404
    assert (await mine.delete(f"{path}/members/{bob.account_id}")).status_code == 404


async def test_who_is_let_in_again_has_what_he_owns_and_nothing_that_he_was_let_into(
    research, owner_connection, bob
):
    path, mine, his = research
    here = {"X-Workspace": path.rpartition("/")[2]}
    hers, own = [
        f"/api/conversations/{made.json()['id']}"
        for client in (mine, his)
        for made in [await client.post("/api/conversations", json={}, headers=here)]
    ]
    member = {"principal": str(bob.account_id)}
    assert (await mine.put(f"{hers}/members", json=member, headers=here)).is_success
    assert (await mine.delete(f"{path}/members/{bob.account_id}")).status_code == 204
    taking_part = (await mine.get(f"{hers}/members", headers=here)).json()["items"]
    assert [each["role"] for each in taking_part] == ["owner"]
    again = {"email": await email_of(owner_connection, bob)}
    assert (await mine.post(f"{path}/members", json=again)).status_code == 201
    assert (await his.get(hers, headers=here)).status_code == 404
    assert (await his.get(own, headers=here)).status_code == 200


async def test_a_member_may_leave_and_the_last_owner_may_not(research, ada, bob):
    path, mine, his = research
    assert (await his.delete(f"{path}/members/{bob.account_id}")).status_code == 204
    assert (await mine.delete(f"{path}/members/{ada.account_id}")).status_code == 409
    assert (
        await mine.patch(f"{path}/members/{ada.account_id}", json={"role": "guest"})
    ).status_code == 409


async def test_roles_decide_who_may_change_roles(research, ada, bob, owner_connection):
    path, mine, his = research
    eve = await make_scope(owner_connection, "eve")
    body = {"email": await email_of(owner_connection, eve)}
    assert (await his.post(f"{path}/members", json=body)).status_code == 403
    assert (
        await his.patch(f"{path}/members/{bob.account_id}", json={"role": "admin"})
    ).status_code == 403
    assert (
        await mine.patch(f"{path}/members/{bob.account_id}", json={"role": "admin"})
    ).json() == {
        "account_id": str(bob.account_id),
        "email": ANY,
        "name": "bob",
        "role": "admin",
        "created_at": ANY,
    }
    assert (await his.post(f"{path}/members", json=body)).status_code == 201
    assert (await his.post(f"{path}/members", json=body)).status_code == 409
    assert (
        await his.patch(f"{path}/members/{eve.account_id}", json={"role": "owner"})
    ).status_code == 403
    assert (await his.delete(f"{path}/members/{ada.account_id}")).status_code == 403
    assert (
        await mine.patch(f"{path}/members/{bob.account_id}", json={"role": "owner"})
    ).status_code == 200
    assert (await his.delete(f"{path}/members/{ada.account_id}")).status_code == 204


async def test_nobody_is_added_to_a_personal_workspace_or_from_nowhere(
    research, signed_in, ada, bob, owner_connection
):
    path, mine, _ = research
    email = await email_of(owner_connection, bob)
    own = await mine.post(f"/api/workspaces/{ada.workspace_id}/members", json={"email": email})
    nobody = await mine.post(f"{path}/members", json={"email": "nobody@example.org"})
    assert (own.status_code, nobody.status_code) == (409, 400)


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "a\tb"}, {"name": "x" * 101}, {"name": "x", "kind": "personal"}],
)
async def test_a_workspace_that_cannot_be_is_refused(signed_in, ada, body):
    assert (await (await signed_in(ada)).post("/api/workspaces", json=body)).status_code == 400
