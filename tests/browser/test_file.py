"""The page of one file: how far it is read, why not and what to do, its versions and what changed; and what was given up."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.person import Person, text_file

OLD = "The harbour opens at dawn.\nShips wait.\nNobody sleeps.\n"
NEW = "The harbour opens at noon.\nShips wait.\nNobody sleeps.\n"
BROKEN = {"name": "Tides.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nnothing more"}
READING = {
    "state": "processing",
    "stage": "extracting",
    "stages": {"extract": {"done": 12, "total": 40}, "embed": {"done": 90, "total": 1200}},
    "passages_per_s": 37.4,
    "eta_s": 30.0,
}
UNREAD = [
    {
        "page": 3,
        "code": "page_unreadable",
        "message": "Page 3 could not be read.",
        "remedy": "Print it anew.",
    },
    {
        "page": None,
        "code": "embedding_refused",
        "message": "Passage 7 was refused.",
        "remedy": "Nothing to do.",
    },
]


def head(page: Page) -> Locator:
    return page.get_by_role("region", name="About the file")


async def only_file(ada: Person) -> dict[str, Any]:
    (file,) = (await ada.call("/files"))["items"]
    return file


async def replaced(ada: Person, file_id: str, text: str) -> None:
    """Upload a new version, as a program would."""
    await ada.page.evaluate(
        "async ([path, text]) => { const { ownHeaders } = await import('/api.js');"
        " await fetch(path, { method: 'PUT', body: new Blob([text]), headers: { ...ownHeaders(),"
        " 'Content-Type': 'application/octet-stream', 'X-Filename': 'tides.txt' } }); }",
        [f"/api/v1/files/{file_id}/content", text],
    )


async def test_the_page_of_a_failed_file_says_why_and_what_to_do_and_retries_by_key(ada):
    page = ada.page
    await ada.upload(BROKEN, state="Failed")
    await page.locator("#files").get_by_role("link", name="Tides.pdf").click()
    await expect(head(page).locator(".state")).to_have_text("Failed")
    reason = (await only_file(ada))["reason"]
    await expect(head(page).locator(".notice")).to_contain_text(reason["message"])
    await expect(head(page).locator(".notice")).to_contain_text(reason["remedy"])
    retry = head(page).get_by_role("button", name="Retry Tides.pdf")
    await retry.focus()
    async with page.expect_response(lambda r: r.url.endswith("/retry")) as answered:
        await page.keyboard.press("Enter")
    assert (await answered.value).status == 202
    await expect(retry).to_be_visible()  # again, when it has failed again
    await expect(head(page).locator(".state")).to_have_text("Failed")


async def test_a_file_is_followed_while_it_is_read_and_its_text_comes_when_it_is(ada):
    page = ada.page
    await ada.upload(text_file("tides.txt", OLD))
    file = await ada.call(f"/files/{(await only_file(ada))['id']}")
    answers, read_on = [{**file, **READING}], asyncio.Event()

    async def tell(route: Route) -> None:
        await route.fulfill(json=answers[-1])

    async def events(route: Route) -> None:
        await read_on.wait()
        later = {**file, **READING, "passages_per_s": 5.0}
        answers.append({**file, "state": "ready"})
        frames = f"event: file\ndata: {json.dumps(later)}\n\nevent: done\ndata: {{}}\n\n"
        await route.fulfill(content_type="text/event-stream", body=frames)

    await page.route(f"**/api/v1/files/{file['id']}", tell)
    await page.route(f"**/api/v1/files/{file['id']}/events", events)
    await ada.open(f"#/file/{file['id']}")
    await expect(head(page).locator(".state")).to_have_text("Being read")
    await expect(head(page).get_by_role("progressbar", name="Reading tides.txt")).to_be_visible()
    await expect(head(page).locator(".facts")).to_have_text(
        "Read12 of 40 partsEmbedded90 of 1,200 passagesPace37 passages a second, about 30 s left"
    )
    await expect(head(page).get_by_role("button", name="Cancel tides.txt")).to_be_visible()
    read_on.set()
    await expect(head(page).locator(".state")).to_have_text("Ready")
    await expect(head(page).get_by_role("button")).to_have_text(["Read again"])
    await expect(page.locator("#viewer .source")).to_contain_text("The harbour opens at dawn.")


async def test_what_of_a_file_could_not_be_read_is_listed_with_its_remedies(ada):
    page = ada.page
    await ada.upload(text_file("tides.txt", OLD))
    file = await ada.call(f"/files/{(await only_file(ada))['id']}")
    partial = {**file, "state": "partial", "problems": UNREAD}
    await page.route(f"**/api/v1/files/{file['id']}", lambda route: route.fulfill(json=partial))
    await ada.open(f"#/file/{file['id']}")
    await expect(head(page).locator(".problems summary")).to_have_text(
        "2 problems; the rest can be found"
    )
    await expect(head(page).locator(".problems li")).to_have_text(
        [
            "Page 3: Page 3 could not be read. Print it anew.",
            "Passage 7 was refused. Nothing to do.",
        ]
    )
    await expect(head(page).get_by_role("button", name="Read again tides.txt")).to_be_visible()


async def test_versions_are_compared_downloaded_and_restored(ada):
    page = ada.page
    await ada.upload(text_file("tides.txt", OLD))
    file_id = (await only_file(ada))["id"]
    await replaced(ada, file_id, NEW)
    await page.reload()
    await expect(ada.file("tides.txt").locator(".state")).to_have_text("Ready")
    await ada.open(f"#/file/{file_id}")
    await expect(page.locator("#viewer .source")).to_contain_text("opens at noon")
    await head(page).get_by_text("2 versions").click()
    await expect(head(page).locator(".version-list strong")).to_have_text(
        ["Version 2, the current one", "Version 1"]
    )
    await head(page).get_by_role("button", name="Show changes").click()
    await expect(head(page).locator(".diff del")).to_have_text("-The harbour opens at dawn.\n")
    await expect(head(page).locator(".diff ins")).to_have_text("+The harbour opens at noon.\n")
    async with page.expect_download() as started:
        await head(page).get_by_role("link", name="Download version 1").click()
    assert (await (await started.value).path()).read_text() == OLD
    await head(page).get_by_role("button", name="Restore version 1").click()
    await expect(page.locator("#toast")).to_contain_text("Version 1 is the newest again")
    await expect(page.locator("#viewer .source")).to_contain_text("opens at dawn")
    await expect(head(page).get_by_text("3 versions")).to_be_visible()


@pytest.fixture
async def given_up(ada, owner_connection):
    """A file whose job was tried too often."""
    await ada.upload(text_file("tides.txt", OLD))
    await owner_connection.execute(
        "UPDATE job SET state = 'dead', reason = 'too_often' WHERE kind = 'ingest_file'"
    )
    await owner_connection.execute("UPDATE file SET state = 'failed'")


async def test_what_was_given_up_is_listed_and_done_again_by_one_button(ada, given_up):
    page = ada.page
    await page.reload()
    given = page.locator("#dead")
    await given.get_by_text("1 job was given up").click()
    await expect(given.locator("li")).to_contain_text("Reading a file")
    await expect(given.locator("li")).to_contain_text("tried several times without success")
    await given.get_by_role("button", name="Do all again").click()
    await expect(page.locator("#toast")).to_have_text("1 job is done again.")
    await expect(given).to_be_hidden()
    await expect(ada.file("tides.txt").locator(".state")).to_have_text("Ready")


async def test_who_does_not_administer_is_not_shown_what_was_given_up(ada, given_up):
    async def as_member(route: Route) -> None:
        answer = await (await route.fetch()).json()
        items = [{**item, "role": "member"} for item in answer["items"]]
        await route.fulfill(json={**answer, "items": items})

    asked: list[str] = []
    ada.page.on("request", lambda r: asked.append(r.url) if "/admin/" in r.url else None)
    await ada.page.route("**/api/v1/workspaces?*", as_member)
    await ada.page.reload()
    await expect(ada.file("tides.txt")).to_be_visible()
    await expect(ada.page.locator("#dead")).to_be_hidden()
    assert asked == []


async def test_files_that_say_nearly_the_same_are_linked_from_the_page_of_one(ada):
    page = ada.page
    await ada.upload(text_file("tides.txt", OLD))
    file = await ada.call(f"/files/{(await only_file(ada))['id']}")
    near = [
        {"id": file["id"], "name": "tides-copy.txt", "share": 0.914},
        {"id": file["id"], "name": "<b>tides</b>.txt", "share": 1.0},
    ]
    detail = {**file, "near_duplicates": near}
    await page.route(f"**/api/v1/files/{file['id']}", lambda route: route.fulfill(json=detail))
    await ada.open(f"#/file/{file['id']}")
    await expect(head(page).locator(".near")).to_contain_text("2 files say nearly the same")
    await expect(head(page).locator(".near li")).to_have_text(
        ["tides-copy.txt (91 % of the text)", "<b>tides</b>.txt (100 % of the text)"]
    )
    link = head(page).get_by_role("link", name="tides-copy.txt")
    await expect(link).to_have_attribute("href", f"#/file/{file['id']}")
