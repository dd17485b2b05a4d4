import pytest

from api.conversations.seen import find_conversation, find_owned, find_writable
from core.errors import Forbidden, NotFound
from core.ids import new_id


@pytest.fixture
async def talk(mine):
    return (await mine.post("/api/conversations", json={"title": "Plans"})).json()["id"]


@pytest.mark.parametrize(
    ("role", "writes"), [(None, NotFound), ("reader", Forbidden), ("writer", None)]
)
async def test_what_is_found_follows_the_role(mine, bob, resources, talk, role, writes):
    if role is not None:
        body = {"principal": str(bob.account_id), "role": role}
        await mine.put(f"/api/conversations/{talk}/members", json=body)
    async with resources.app.read_tx(bob) as conn:
        if writes is None:
            assert (await find_writable(conn, bob, talk)).title == "Plans"
        else:
            with pytest.raises(writes):
                await find_writable(conn, bob, talk)
        with pytest.raises(NotFound if role is None else Forbidden):
            await find_owned(conn, bob, talk)


async def test_its_owner_may_everything_and_one_that_is_not_there_is_not_found(
    resources, ada, talk
):
    async with resources.app.read_tx(ada) as conn:
        owned = await find_owned(conn, ada, talk)
        assert (
            owned
            == await find_writable(conn, ada, talk)
            == await find_conversation(conn, ada, talk)
        )
        with pytest.raises(NotFound):
            await find_conversation(conn, ada, new_id())
