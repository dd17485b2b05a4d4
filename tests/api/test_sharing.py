import pytest

from api.sharing import GrantBody, list_grants, remove_grant, set_grant
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from tests.make import make_colleague, make_scope


@pytest.fixture
async def item_id(owner_connection, ada):
    item_id = new_id()
    await owner_connection.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'file', $3, 'a.txt')",
        ada.workspace_id, item_id, ada.account_id,
    )  # fmt: skip
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        ada.workspace_id, item_id, ada.account_id,
    )  # fmt: skip
    return item_id


async def give(resources, scope, item_id, principal, role="reader"):
    async with resources.app.write_tx(scope) as conn:
        body = GrantBody.model_validate({"principal": principal, "role": role})
        return await set_grant(conn, scope, item_id=item_id, body=body)


async def test_a_grant_is_given_by_id_or_email_and_changed(
    resources, owner_connection, ada, bob, item_id
):
    email = await owner_connection.fetchval(
        "SELECT email FROM account WHERE id = $1", bob.account_id
    )
    await give(resources, ada, item_id, str(bob.account_id))
    grants = await give(resources, ada, item_id, f" {email.upper()} ", "writer")
    assert [(g.name, g.email is not None, g.role) for g in grants] == [
        ("ada", True, "owner"),
        ("bob", True, "writer"),
    ]


async def test_the_workspace_is_a_principal_without_an_email(resources, ada, bob, item_id):
    grants = await give(resources, ada, item_id, "workspace")
    assert (grants[1].principal_id, grants[1].email) == (ada.workspace_id, None)
    async with resources.app.read_tx(bob) as conn:
        assert await list_grants(conn, bob, item_id=item_id) == grants


async def test_a_grant_to_the_workspace_leaves_guests_out(
    resources, owner_connection, ada, item_id
):
    guest = await make_colleague(owner_connection, ada, "guest", "guest")
    await give(resources, ada, item_id, "workspace")
    async with resources.app.read_tx(guest) as conn:
        with pytest.raises(NotFound):
            await list_grants(conn, guest, item_id=item_id)


async def test_who_is_no_member_gets_nothing(resources, owner_connection, ada, item_id):
    eve = await make_scope(owner_connection, "eve")
    with pytest.raises(Conflict):
        await give(resources, ada, item_id, str(eve.account_id))
    with pytest.raises(InvalidInput):
        await give(resources, ada, item_id, "eve@example.org")
    with pytest.raises(NotFound):
        await give(resources, ada, item_id, "nonsense")


async def test_the_owner_keeps_what_he_has(resources, ada, item_id):
    with pytest.raises(Conflict):
        await give(resources, ada, item_id, str(ada.account_id))
    async with resources.app.write_tx(ada) as conn:
        with pytest.raises(NotFound):
            await remove_grant(conn, ada, item_id=item_id, principal=str(ada.account_id))


async def test_only_the_owner_and_the_one_who_leaves_take_a_grant_away(
    resources, owner_connection, ada, bob, item_id
):
    cyd = await make_colleague(owner_connection, ada, "cyd")
    for scope in (bob, cyd):
        await give(resources, ada, item_id, str(scope.account_id), "writer")
    async with resources.app.write_tx(bob) as conn:
        with pytest.raises(NotFound):
            await remove_grant(conn, bob, item_id=item_id, principal=str(cyd.account_id))
        await remove_grant(conn, bob, item_id=item_id, principal=str(bob.account_id))
    async with resources.app.write_tx(ada) as conn:
        await remove_grant(conn, ada, item_id=item_id, principal=str(cyd.account_id))
        grants = await list_grants(conn, ada, item_id=item_id)
    assert [grant.role for grant in grants] == ["owner"]
