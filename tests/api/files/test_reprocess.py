from itertools import pairwise

import pytest

from api.files import reprocess
from tests.api.uploading import read, upload
from tests.make import make_colleague, make_scope
from tests.workers.made import file_row


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
async def ids(client, resources) -> list[str]:
    """Three files that were read, the last of which failed."""
    names = (("a.txt", b"One."), ("b.md", b"Two."), ("c.pdf", b"%PDF-1.7\nbroken"))
    files = [(await upload(client, data, name))["id"] for name, data in names]
    for _ in files:
        await read(resources)
    return files


async def states(client, ids):
    return [(await client.get(f"/api/files/{each}")).json()["state"] for each in ids]


async def test_a_file_that_failed_is_retried_and_another_is_not(client, ids):
    assert (await client.post(f"/api/files/{ids[2]}/retry")).json()["state"] == "queued"
    told = await client.post(f"/api/files/{ids[0]}/retry")
    assert (told.status_code, told.json()["error"]["message"]) == (
        409,
        "The file is ready; only cancelled or failed ones are.",
    )


async def test_a_file_is_read_again_from_the_step_that_is_named(
    client, resources, owner_connection, ids
):
    url = f"/api/files/{ids[0]}/reprocess"
    for body, step in (
        (None, "extract"),
        ({"only": "embed"}, "embed"),
        ({"only": "chunk"}, "chunk"),
    ):
        assert (await client.post(url, json=body)).json()["state"] == "queued"
        found = await owner_connection.fetchval("SELECT first_step FROM job WHERE state = 'queued'")
        assert found == step
        assert (await client.post(url)).status_code == 409
        await read(resources)
        assert (await file_row(owner_connection, ids[0]))["state"] == "ready"
    assert (await client.post(url, json={"only": "sleep"})).status_code == 400


@pytest.mark.parametrize(
    ("body", "queued"),
    [
        ({}, [0, 1, 2]),
        ({"states": ["failed"]}, [2]),
        ({"extensions": ["PDF", ".md"]}, [1, 2]),
        ({"extensions": ["pdf"], "states": ["ready"]}, []),
        ({"stale": True}, [1]),
    ],
)
async def test_many_are_read_again_by_state_format_or_age(
    client, owner_connection, ids, body, queued
):
    await owner_connection.execute(
        "UPDATE build SET pipeline_version = 0 WHERE file_id = $1", ids[1]
    )
    answer = await client.post("/api/files/reprocess", json=body)
    assert (answer.status_code, answer.json()) == (202, {"queued": len(queued), "after": None})
    now = await states(client, ids)
    assert [n for n, state in enumerate(now) if state == "queued"] == queued


async def test_pages_go_on_behind_the_last_file(client, ids, monkeypatch):
    monkeypatch.setattr(reprocess, "PAGE", 2)
    first = (await client.post("/api/files/reprocess", json={})).json()
    assert first == {"queued": 2, "after": ids[1]}
    second = (await client.post("/api/files/reprocess", json={"after": ids[1]})).json()
    assert second == {"queued": 1, "after": None}


async def test_what_is_read_again_stands_in_line_behind_itself(client, owner_connection, ids):
    await client.post("/api/files/reprocess", json={})
    turns = await owner_connection.fetch("SELECT fair_key FROM job ORDER BY fair_key")
    gaps = [later["fair_key"] - turn["fair_key"] for turn, later in pairwise(turns)]
    assert [round(gap, 3) for gap in gaps] == [5.0, 5.0]


async def test_a_file_whose_job_was_forgotten_is_read_again(
    client, resources, owner_connection, ids
):
    """Rows of finished jobs go after a month."""
    await owner_connection.execute("DELETE FROM job")
    assert (await client.post(f"/api/files/{ids[0]}/reprocess")).json()["state"] == "queued"
    assert (await client.post(f"/api/files/{ids[0]}/reprocess")).status_code == 409
    await read(resources)
    assert (await states(client, ids))[0] == "ready"


async def test_only_what_one_may_change_is_read_again(
    client, signed_in, owner_connection, scope, ids
):
    for file_id, role in ((ids[0], "reader"), (ids[1], "writer")):
        body = {"principal": "workspace", "role": role}
        assert (await client.put(f"/api/files/{file_id}/access", json=body)).status_code == 200
    bob = await signed_in(await make_colleague(owner_connection, scope))
    assert (await bob.post("/api/files/reprocess", json={})).json()["queued"] == 1
    assert (await bob.post(f"/api/files/{ids[0]}/reprocess")).status_code == 403
    assert await states(client, ids) == ["ready", "queued", "failed"]
