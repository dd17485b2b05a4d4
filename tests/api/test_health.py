import pytest

from tests.make import make_scope


async def beat(owner, age_s: float = 0) -> None:
    await owner.execute(
        "INSERT INTO heartbeat (process, kind, seen_at) VALUES ('w', 'worker', now() - make_interval(secs => $1))",
        float(age_s),
    )


async def test_a_process_that_answers_is_alive(client):
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_with_a_worker_everything_is_ready(client, owner_connection):
    await beat(owner_connection)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "degraded": []})


@pytest.mark.parametrize("age_s", [None, 31])
async def test_without_a_worker_lately_it_is_not_ready(client, owner_connection, age_s):
    if age_s is not None:
        await beat(owner_connection, age_s)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert [d["field"] for d in answer.json()["error"]["details"]] == ["worker"]
    assert answer.headers["Retry-After"] == "2"


async def test_a_schema_that_is_behind_is_not_ready(client, owner_connection):
    await beat(owner_connection)
    async with owner_connection.transaction() as _:
        rows = await owner_connection.fetch("DELETE FROM schema_migration RETURNING number, name")
    try:
        answer = await client.get("/readyz")
    finally:
        await owner_connection.executemany(
            "INSERT INTO schema_migration (number, name) VALUES ($1, $2)", [tuple(r) for r in rows]
        )
    assert [d["field"] for d in answer.json()["error"]["details"]] == ["schema"]


async def test_without_redis_it_is_degraded_not_down(client, without_redis, owner_connection):
    await beat(owner_connection)
    assert (await client.get("/readyz")).json() == {"status": "ready", "degraded": ["redis"]}


async def test_metrics_count_requests_pools_and_jobs(signed_in, client, owner_connection):
    scope = await make_scope(owner_connection)
    mine = await signed_in(scope)
    made = await mine.post("/api/conversations", json={})
    await mine.post(
        f"/api/conversations/{made.json()['id']}/messages", json={"content": "Hello there"}
    )
    await beat(owner_connection)
    text = (await client.get("/metrics")).text
    assert (
        'recollect_request_seconds_count{method="POST",route="/conversations",status="201"}' in text
    )
    assert 'recollect_jobs{kind="embed_message",state="queued"} 1.0' in text
    assert 'recollect_pool_connections_in_use{pool="app"} 0.0' in text
    assert made.json()["id"] not in text


async def test_status_is_for_those_who_are_signed_in(signed_in, client, owner_connection):
    await beat(owner_connection)
    mine = await signed_in(await make_scope(owner_connection))
    status = (await mine.get("/api/status")).json()
    assert status.pop("worker_seen_s") < 30
    assert status == {
        "status": "ready",
        "degraded": [],
        "problems": [],
        "embedding_model": "fake-bag-of-words",
        "chat_model": "extractive",
        "jobs": {},
    }
    assert (await client.get("/api/status")).status_code == 401
