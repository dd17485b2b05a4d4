import pytest

from tests.llm.replying import make_run, work
from tests.make import make_colleague, make_scope


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def spend(owner, run, **columns):
    for column, value in columns.items():
        await owner.execute(f"UPDATE run SET {column} = $1 WHERE id = $2", value, run.id)


async def test_tokens_and_money_are_told_by_day_and_model(
    signed_in, scope, resources, owner_connection
):
    bob = await make_colleague(owner_connection, scope)
    mine = await make_run(owner_connection, resources, scope, facts=[])
    his = await make_run(owner_connection, resources, bob, facts=[])
    await spend(owner_connection, mine, input_tokens=10, output_tokens=5, cost_micros=2_000_000, answered_by="openai:m")  # fmt: skip
    await spend(owner_connection, his, input_tokens=100, held_tokens=900)
    client = await signed_in(scope)
    told = (await client.get("/api/usage")).json()
    (day,) = told["items"]
    assert {key: day[key] for key in day if key != "day"} == {
        "model": "openai:m",
        "person": None,
        "replies": 1,
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": 2.0,
    }
    assert told["budgets"] == [
        {"of": "person", "unit": "tokens", "limit": None, "used": 15.0},
        {"of": "person", "unit": "usd", "limit": None, "used": 2.0},
    ]
    everybody = (await client.get("/api/usage?of=workspace")).json()
    assert sorted(item["model"] for item in everybody["items"]) == ["extractive", "openai:m"]
    assert everybody["budgets"][2] == {
        "of": "workspace",
        "unit": "tokens",
        "limit": None,
        "used": 915.0,
    }


async def test_only_an_admin_sees_the_whole_workspaces(signed_in, scope, owner_connection):
    client = await signed_in(await make_colleague(owner_connection, scope))
    assert (await client.get("/api/usage?of=workspace")).status_code == 403
    assert (await client.get("/api/usage")).json()["items"] == []


async def test_an_admin_sees_who_took_what_and_titles_count(
    signed_in, scope, resources, owner_connection
):
    bob = await make_colleague(owner_connection, scope)
    mine = await make_run(owner_connection, resources, scope, facts=[])
    his = await make_run(owner_connection, resources, bob, facts=[])
    await spend(owner_connection, mine, input_tokens=10)
    await spend(owner_connection, his, input_tokens=100)
    await owner_connection.execute(
        "INSERT INTO title_call (workspace_id, conversation_id, account_id, model, input_tokens, output_tokens)"
        " VALUES ($1, $2, $3, 'extractive', 7, 2)",
        scope.workspace_id, mine.conversation_id, scope.account_id,
    )  # fmt: skip
    told = (await (await signed_in(scope)).get("/api/usage?of=workspace&by=person")).json()
    took = {
        day["person"]["id"]: (day["replies"], day["input_tokens"], day["output_tokens"])
        for day in told["items"]
    }
    assert took == {str(scope.account_id): (1, 17, 2), str(bob.account_id): (1, 100, 0)}
    assert told["budgets"][2]["used"] == 119.0


async def test_a_copied_or_imported_reply_is_not_counted_again(
    signed_in, scope, resources, owner_connection
):
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    client = await signed_in(scope)
    before = (await client.get("/api/usage")).json()["items"]
    assert [day["replies"] for day in before] == [1]
    path = f"/api/conversations/{run.conversation_id}"
    assert (await client.post(f"{path}/fork")).status_code == 201
    exported = (await client.get(f"{path}/export")).json()
    assert (await client.post("/api/conversations/import", json=exported)).status_code == 201
    assert await owner_connection.fetchval("SELECT count(*) FROM run WHERE workspace_id = $1", scope.workspace_id) == 3  # fmt: skip
    assert (await client.get("/api/usage")).json()["items"] == before
