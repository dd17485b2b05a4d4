"""Large files through the page: what was cut goes on, by itself and after a reload; what is not wanted leaves nothing."""

import asyncio
import hashlib
import random

import pytest
from playwright.async_api import Route, expect

DATA = random.Random(9).randbytes(20_000_000)  # three parts
UPLOADS = "**/api/v1/uploads/*"


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "große Datei.bin"
    path.write_bytes(DATA)
    return path


async def choose(ada, path):
    await ada.open("#/files")
    await expect(ada.page.locator("#drop")).to_be_visible()  # signed in
    await ada.page.set_input_files("#pick-files", path)


async def sizes(owner):
    return [row["size_bytes"] for row in await owner.fetch("SELECT size_bytes FROM file_version")]


async def test_a_large_file_goes_on_where_it_was_cut(ada, large, owner_connection):
    offsets: list[str] = []

    async def cut(route: Route) -> None:
        if route.request.method != "PATCH":
            return await route.continue_()
        offsets.append(route.request.headers["upload-offset"])
        return await (route.abort() if len(offsets) == 2 else route.continue_())

    await ada.page.route(UPLOADS, cut)
    await choose(ada, large)
    await expect(ada.file(large.name)).to_be_visible()
    part = 8 * 2**20
    assert offsets == ["0", str(part), str(part), str(2 * part)]
    digest = await owner_connection.fetchval("SELECT sha256 FROM file_version")
    assert digest == hashlib.sha256(DATA).digest()
    assert await ada.page.evaluate("Object.keys(localStorage)") == []


async def test_a_reload_in_the_middle_goes_on_when_the_file_is_chosen_again(
    ada, large, owner_connection
):
    second = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0":
            second.set()  # and no answer
        else:
            await route.continue_()

    await ada.page.route(UPLOADS, hold)
    await choose(ada, large)
    await second.wait()
    await ada.page.unroute(UPLOADS)
    await ada.page.reload()
    offsets: list[int] = []
    ada.page.on(
        "request",
        lambda r: offsets.append(int(r.headers["upload-offset"])) if r.method == "PATCH" else None,
    )
    await choose(ada, large)
    await expect(ada.file(large.name)).to_be_visible()
    assert offsets[0] >= 8 * 2**20  # the held part may have sent some before the page went
    assert await sizes(owner_connection) == [len(DATA)]


async def test_a_cancelled_upload_leaves_nothing(ada, large, owner_connection):
    second = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0":
            second.set()
        else:
            await route.continue_()

    await ada.page.route(UPLOADS, hold)
    await choose(ada, large)
    await second.wait()
    async with ada.page.expect_response(lambda r: r.request.method == "DELETE"):
        await ada.page.locator("#uploads").get_by_role("button", name="Cancel").click()
    await expect(ada.page.locator("#uploads li")).to_have_count(0)
    assert await owner_connection.fetchval("SELECT count(*) FROM upload") == 0
    assert await sizes(owner_connection) == []
