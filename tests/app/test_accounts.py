import asyncio

import pytest

from app.accounts import (
    NewAccount,
    account_of,
    check_password,
    checked_email,
    checked_name,
    register,
)
from app.passwords import open_passwords
from core.errors import Conflict, InvalidInput, NotSignedIn

ADA = NewAccount("ada@example.org", "a sentence nobody guesses", "Ada")


@pytest.fixture(scope="module")
def passwords():
    cheap = open_passwords(memory_kib=64, passes=1)
    yield cheap
    cheap.close()


async def test_registration_makes_an_account_with_a_workspace_of_its_own(
    resources, passwords, owner_connection
):
    account = await register(resources.signin, passwords, new=ADA)
    assert await account_of(resources.signin, account.id) == account
    workspace = await owner_connection.fetchrow(
        "SELECT w.name, w.kind, m.role FROM workspace w JOIN membership m ON m.workspace_id = w.id WHERE w.id = $1",
        account.personal_workspace_id,
    )
    assert tuple(workspace) == ("Ada", "personal", "owner")
    audit = await owner_connection.fetchrow(
        "SELECT action, object_id FROM audit WHERE account_id = $1", account.id
    )
    assert tuple(audit) == ("account.created", account.id)


async def test_of_many_at_once_exactly_one_is_admin(resources, passwords):
    new = [NewAccount(f"p{n}@example.org", ADA.password) for n in range(3)]
    made = await asyncio.gather(*(register(resources.signin, passwords, new=one) for one in new))
    assert sorted(account.is_admin for account in made) == [False, False, True]


async def test_a_taken_email_leaves_nothing_behind(resources, passwords, owner_connection):
    await register(resources.signin, passwords, new=ADA)
    with pytest.raises(Conflict):
        await register(resources.signin, passwords, new=ADA)
    assert await owner_connection.fetchval("SELECT count(*) FROM workspace") == 1


async def test_only_the_right_password_of_an_enabled_account_signs_in(
    resources, passwords, owner_connection
):
    account = await register(resources.signin, passwords, new=ADA)
    right = {"email": " ADA@example.org", "password": ADA.password}
    assert await check_password(resources.signin, passwords, **right) == account.id
    for wrong in ({"password": "wrong"}, {"email": "eve@example.org"}, {"password": ""}):
        with pytest.raises(NotSignedIn):
            await check_password(resources.signin, passwords, **(right | wrong))
    await owner_connection.execute("UPDATE account SET disabled_at = now()")
    with pytest.raises(NotSignedIn):
        await check_password(resources.signin, passwords, **right)


def test_addresses_and_names_are_kept_in_one_form():
    assert checked_email(" Ada@Example.org ") == "Ada@Example.org"
    assert checked_name(" Jose\u0301 ", field="name") == "José"
    for bad in ("", "a", "@b", "a@", "a@b@c", "a b@c", "<a@b>"):
        with pytest.raises(InvalidInput):
            checked_email(bad)
