import asyncio

import pytest

from tests.api.uploading import read, upload
from tests.make import make_colleague, make_scope
from workers.maintenance import remove_retired_builds

OLD = b"# Keys\n\nThe spare key hangs behind the blue door.\n\nThe boiler is old.\n"
NEW = OLD.replace(b"blue", b"green")


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


@pytest.fixture
async def url(client, resources) -> str:
    """A file of two versions, both read."""
    file = await upload(client, OLD)
    await read(resources)
    url = f"/api/files/{file['id']}"
    assert (await client.put(f"{url}/content", content=NEW)).status_code == 202
    await read(resources)
    return url


async def test_versions_are_listed_newest_first_with_who_made_them(client, scope, url):
    found = (await client.get(f"{url}/versions")).json()["items"]
    assert [(v["version"], v["size_bytes"], v["name"], v["by"], v["has_text"]) for v in found] == [
        (n, size, "keys.md", {"id": str(scope.account_id), "name": "ada"}, True)
        for n, size in ((2, len(NEW)), (1, len(OLD)))
    ]


async def test_a_new_version_is_found_and_the_old_one_is_not(client, url):
    for word, hits in (("green", 1), ("blue", 0)):
        found = await client.get("/api/search", params={"q": f'"{word} door"'})
        assert len(found.json()["hits"]) == hits


async def test_the_text_of_an_older_version_stays_readable(client, resources, url):
    for _ in range(2):
        told = {
            n: (await client.get(f"{url}/text", params={"version": n} if n else {})).json()["text"]
            for n in (1, 2, None)
        }
        assert told == {1: OLD.decode(), 2: NEW.decode(), None: NEW.decode()}
        assert await remove_retired_builds(resources.worker) in {0, 1}
    missing = await client.get(f"{url}/text?version=3")
    assert (missing.status_code, missing.json()["error"]["message"]) == (
        404,
        "There is no text of version 3.",
    )


async def test_while_a_version_is_being_read_the_one_before_is_shown(client, url):
    await client.put(f"{url}/content", content=b"# Third\n")
    assert (await client.get(url)).json()["version"] == 3
    assert (await client.get(f"{url}/text")).json()["text"] == NEW.decode()
    assert (await client.get(f"{url}/text?version=3")).status_code == 404
    assert (await client.get(f"{url}/versions")).json()["items"][0]["has_text"] is False


async def test_two_versions_are_compared_line_by_line(client, url):
    answer = (await client.get(f"{url}/diff")).json()
    assert answer == {
        "from_version": 1, "to_version": 2, "added": 1, "removed": 1, "is_cut": False,
        "diff": "@@ -1,6 +1,6 @@\n # Keys\n \n-The spare key hangs behind the blue door.\n"
        "+The spare key hangs behind the green door.\n \n The boiler is old.\n ",
    }  # fmt: skip
    back = (await client.get(f"{url}/diff", params={"from": 2, "to": 1})).json()
    assert "+The spare key hangs behind the blue door." in back["diff"].split("\n")
    assert (await client.get(f"{url}/diff", params={"to": 1})).status_code == 404
    assert (await client.get(f"{url}/diff", params={"from": 9})).status_code == 404


async def test_a_restored_version_is_a_new_one_with_the_old_bytes(client, resources, url):
    answer = await client.post(f"{url}/versions/1/restore")
    assert (answer.status_code, answer.json()["file"]["version"]) == (202, 3)
    await read(resources)
    assert (await client.get(f"{url}/content")).content == OLD
    assert (await client.get(f"{url}/text")).json()["text"] == OLD.decode()
    assert (await client.post(f"{url}/versions/3/restore")).status_code == 409
    assert (await client.post(f"{url}/versions/9/restore")).status_code == 404
    assert (await client.post(f"{url}/versions/x/restore")).status_code == 400


async def test_who_may_only_read_restores_nothing(client, signed_in, owner_connection, scope, url):
    await client.put(f"{url}/access", json={"principal": "workspace", "role": "reader"})
    reader = await signed_in(await make_colleague(owner_connection, scope))
    assert (await reader.get(f"{url}/diff")).status_code == 200
    assert (await reader.post(f"{url}/versions/1/restore")).status_code == 403


async def test_the_same_bytes_and_name_are_no_new_version(client, resources, url):
    again = await client.put(f"{url}/content", content=NEW)
    told = again.json()
    assert (again.status_code, told["unchanged"]) == (202, True)
    assert (told["file"]["version"], told["file"]["state"]) == (2, "ready")
    renamed = await client.put(f"{url}/content", content=NEW, headers={"X-Filename": "new.md"})
    assert (renamed.status_code, renamed.json()["file"]["version"]) == (202, 3)
    assert (await client.get(f"{url}/content")).content == NEW


async def test_of_two_who_replace_the_same_version_at_once_one_is_told_so(client, url):
    etag = (await client.get(url)).headers["ETag"]
    answers = await asyncio.gather(
        *(
            client.put(f"{url}/content", content=f"Text {n}.".encode(), headers={"If-Match": etag})
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [202, 412, 412, 412]
