import pytest

from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_file


@pytest.fixture
async def tagged(signed_in, resources, owner_connection):
    """Ada's client, and the addresses of a file and a conversation of hers."""
    ada = await make_scope(owner_connection)
    file_id = await make_file(resources, owner_connection, ada, name="a.txt", passages=["one"])
    talk = await make_conversation(owner_connection, ada, "Talk")
    return await signed_in(ada), ada, f"/api/files/{file_id}/tags", f"/api/conversations/{talk}/tags"  # fmt: skip


async def test_tags_are_kept_as_they_are_compared_and_found_by_them(tagged):
    client, _, file, talk = tagged
    for address in (file, talk):
        assert (await client.get(address)).json() == {"tags": []}
        put = await client.put(address, json={"tags": [" Tax  Law", "tax law", "2026", " "]})
        assert (put.status_code, put.json()) == (200, {"tags": ["2026", "tax law"]})
        assert (await client.get(address)).json() == put.json()
    found = await client.get("/api/search", params={"q": 'one tag:"TAX  law"', "mode": "lexical"})
    assert len(found.json()["hits"]) == 1
    await client.put(file, json={"tags": []})
    found = await client.get("/api/search", params={"q": "one tag:2026", "mode": "lexical"})
    assert found.json()["hits"] == []


async def test_a_change_raises_the_sequence_and_the_same_tags_do_not(tagged, owner_connection):
    client, ada, file, _ = tagged
    seqs = []
    for tags in (["a"], ["A"], ["b"]):
        await client.put(file, json={"tags": tags})
        seqs.append(
            await owner_connection.fetchval(
                "SELECT index_seq FROM workspace WHERE id = $1", ada.workspace_id
            )
        )
    assert [seq - seqs[0] for seq in seqs] == [0, 0, 1]


async def test_who_may_only_read_may_not_tag(tagged, signed_in, owner_connection):
    _, ada, file, _ = tagged
    bob = await make_colleague(owner_connection, ada)
    client = await signed_in(bob)
    assert (await client.put(file, json={"tags": ["x"]})).status_code == 404
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role)"
        " SELECT workspace_id, id, $1, 'reader' FROM item WHERE kind = 'file'", bob.account_id,
    )  # fmt: skip
    assert (await client.get(file)).json() == {"tags": []}
    assert (await client.put(file, json={"tags": ["x"]})).status_code == 403


@pytest.mark.parametrize("tags", [["x" * 51], [""], ["x"] * 31, "x", [1], None])
async def test_tags_beyond_the_bounds_are_refused(tagged, tags):
    client, _, file, _ = tagged
    assert (await client.put(file, json={"tags": tags})).status_code == 400
