import pytest

from core.ids import new_id
from ingest.vectors import Asking
from search.embed import FakeEmbedder
from tests.make import make_colleague, make_scope
from tests.workers.made import make_conversation, make_message
from workers.generations import build
from workers.ledger import claim, leased

PATH = "/api/admin/generations"
FAKE = FakeEmbedder.model


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


async def do_job(resources) -> None:
    taken = await claim(resources.worker, "build_generation")
    assert taken is not None
    (job,) = taken.jobs
    async with leased(resources.worker, taken) as fence:
        await build(
            Asking(FakeEmbedder()), fence, generation_id=job.subject_id, account_id=job.account_id
        )


async def make_generation(owner, scope, *, model: str, state: str) -> str:
    generation_id = new_id()
    await owner.execute(
        "INSERT INTO generation (workspace_id, id, model, state, scanned_at) VALUES ($1, $2, $3, $4, now())",
        scope.workspace_id,
        generation_id,
        model,
        state,
    )
    return str(generation_id)


async def states(client) -> dict[str, str]:
    return {one["model"]: one["state"] for one in (await client.get(PATH)).json()["items"]}


async def test_one_is_built_paused_gone_on_with_and_promoted(
    client, scope, resources, owner_connection
):
    talk = await make_conversation(owner_connection, scope)
    await make_message(owner_connection, resources, scope, "The tide.", conversation_id=talk)
    made = await client.post(PATH, json={"model": FAKE})
    assert made.status_code == 201
    told = made.json()
    path = f"{PATH}/{told['id']}"
    assert told == {
        "id": told["id"], "model": FAKE, "dimension": 384, "state": "building", "is_automatic": False, "embedded": 0,
        "passages": 1, "refused": 0, "sigma": None, "self_recall": None, "reason": "", "created_at": told["created_at"],
        "promoted_at": None, "retired_at": None, "rolled_back_at": None,
    }  # fmt: skip
    assert (await client.get(PATH)).json() == {"items": [told], "next_cursor": None}
    assert (await client.post(PATH, json={"model": FAKE})).status_code == 409
    assert (await client.post(f"{path}/pause")).json()["state"] == "paused"
    await do_job(resources)
    assert (await client.post(f"{path}/promote")).status_code == 409
    assert (await client.post(f"{path}/resume")).json()["state"] == "building"
    await do_job(resources)
    assert (await client.get(PATH)).json()["items"][0]["embedded"] == 1
    promoted = (await client.post(f"{path}/promote", json={"allow_gaps": False})).json()
    assert (promoted["state"], promoted["promoted_at"] is not None) == ("active", True)
    assert (await client.delete(path)).status_code == 409
    assert (await client.post(f"{PATH}/rollback")).status_code == 409


async def test_one_is_gone_back_to_and_the_other_dropped(client, scope, owner_connection):
    await make_generation(owner_connection, scope, model="one", state="active")
    two = await make_generation(owner_connection, scope, model="two", state="ready")
    assert (await client.post(f"{PATH}/{two}/promote")).json()["model"] == "two"
    assert await states(client) == {"one": "retired", "two": "active"}
    assert (await client.post(f"{PATH}/rollback")).json()["model"] == "one"
    assert await states(client) == {"one": "active", "two": "retired"}
    dropped = await client.delete(f"{PATH}/{two}")
    assert (dropped.status_code, dropped.content) == (204, b"")
    assert await states(client) == {"one": "active", "two": "dropping"}
    rows = await owner_connection.fetch("SELECT action FROM audit ORDER BY id")
    assert [row["action"] for row in rows] == [
        "generation.promoted", "generation.rolled_back", "generation.dropping",
    ]  # fmt: skip


async def test_a_model_that_cannot_be_asked_is_named_as_the_mistake(client):
    answer = await client.post(PATH, json={"model": "word2vec"})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "model"


async def test_only_owners_and_admins_see_and_change_them(
    client, scope, signed_in, owner_connection
):
    two = await make_generation(owner_connection, scope, model="two", state="ready")
    bob = await signed_in(await make_colleague(owner_connection, scope))
    for method, path in (
        ("GET", PATH), ("POST", f"{PATH}/rollback"), ("POST", f"{PATH}/{two}/promote"), ("DELETE", f"{PATH}/{two}"),
    ):  # fmt: skip
        assert (await bob.request(method, path)).status_code == 403
    assert (await bob.post(PATH, json={"model": FAKE})).status_code == 403
    assert await states(client) == {"two": "ready"}
