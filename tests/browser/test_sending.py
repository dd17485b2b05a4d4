"""Many files through the page: what cannot be read or sent is told and tried again, and takes nothing else with it."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.person import Person, text_file

UPLOAD = "**/api/v1/upload"
WAITING = "Waiting for the network…"
FILES = [text_file(f"{name}.txt", f"The {name} gate opens.") for name in ("north", "south", "west")]
# What a browser gives for a dropped folder; the file `locked.txt` and the folder `shut` cannot be read until `unlocked`.
DROP = """() => {
  const refuse = (reject) => reject(new DOMException("no", "NotReadableError"));
  const file = (name, isLocked) => ({ isFile: true, isDirectory: false, name, file: (resolve, reject) =>
    (isLocked && !window.unlocked ? refuse(reject) : resolve(new File([`Of ${name}.`], name))) });
  const folder = (name, entries, isShut) => ({ isFile: false, isDirectory: true, name, createReader: () => {
    const batches = [entries.slice(0, 2), entries.slice(2), []];
    return { readEntries: (resolve, reject) => (isShut && !window.unlocked ? refuse(reject) : resolve(batches.shift())) };
  } });
  const dropped = folder("ship", [
    file("first.txt"), file("locked.txt", true),
    folder("shut", [file("inner.txt")], true), folder("deck", [file("second.txt")]), file("third.txt"),
  ]);
  const event = new Event("drop", { bubbles: true, cancelable: true });
  event.dataTransfer = { items: [{ webkitGetAsEntry: () => dropped }, { webkitGetAsEntry: () => file("last.txt") }], files: [] };
  document.querySelector("#drop").dispatchEvent(event);
}"""


def uploads(page: Page) -> Locator:
    return page.locator("#uploads li")


async def show_files(ada: Person) -> None:
    await ada.open("#/files")
    await expect(ada.page.locator("#drop")).to_be_visible()


async def choose(ada: Person, files: object) -> None:
    await show_files(ada)
    await ada.page.set_input_files("#pick-files", files)  # pyright: ignore[reportArgumentType]


async def stored(ada: Person) -> list[tuple[str, str]]:
    return sorted((f["folder"], f["name"]) for f in (await ada.call("/files"))["items"])


async def refuse_uploads(page: Page) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=413, json={"error": {"code": "X", "message": "Not now."}})

    await page.route(UPLOAD, refuse)


async def test_of_a_dropped_folder_all_that_can_be_read_is_sent_and_the_rest_told(ada):
    await show_files(ada)
    await ada.page.evaluate(DROP)
    await expect(ada.file("last.txt")).to_be_visible()
    await expect(uploads(ada.page).locator("strong")).to_have_text(["locked.txt", "shut"])
    await expect(uploads(ada.page).get_by_role("alert")).to_have_text(
        ["It could not be read. Was it moved, or may you not open it?"] * 2
    )
    sent = [("", "last.txt"), ("ship", "first.txt"), ("ship", "third.txt")]
    for _, name in (*sent, ("ship/deck", "second.txt")):
        await expect(ada.file(name)).to_be_visible()
    assert await stored(ada) == sorted([*sent, ("ship/deck", "second.txt")])

    await ada.page.evaluate("() => { window.unlocked = true; }")
    await ada.page.get_by_role("button", name="Try all again").click()
    for name in ("locked.txt", "inner.txt"):
        await expect(ada.file(name)).to_be_visible()
    await expect(uploads(ada.page)).to_have_count(0)
    await expect(ada.page.locator("#uploads-failed")).to_be_hidden()
    again = [("ship", "locked.txt"), ("ship/shut", "inner.txt")]
    assert await stored(ada) == sorted([*sent, ("ship/deck", "second.txt"), *again])


async def test_uploads_wait_while_the_machine_is_offline_and_go_on_by_themselves(ada):
    await show_files(ada)
    await ada.page.context.set_offline(True)
    await ada.page.set_input_files("#pick-files", FILES)  # pyright: ignore[reportArgumentType]
    told = uploads(ada.page).get_by_text(WAITING)
    await expect(told).to_have_count(len(FILES))
    await expect(uploads(ada.page).get_by_role("alert")).to_have_count(0)
    await ada.page.context.set_offline(False)
    for file in FILES:
        await expect(ada.file(str(file["name"]))).to_be_visible()
    await expect(uploads(ada.page)).to_have_count(0)


async def test_an_upload_that_waits_offline_can_be_cancelled(ada):
    await show_files(ada)
    await ada.page.context.set_offline(True)
    await ada.page.set_input_files("#pick-files", FILES[:1])  # pyright: ignore[reportArgumentType]
    await expect(uploads(ada.page).get_by_text(WAITING)).to_be_visible()
    await uploads(ada.page).get_by_role("button", name="Cancel").click()
    await expect(uploads(ada.page)).to_have_count(0)
    await ada.page.context.set_offline(False)
    assert await stored(ada) == []


@pytest.mark.parametrize("status", [None, 503])
async def test_a_small_file_that_did_not_get_through_is_sent_again_and_stands_there_once(
    ada, status
):
    tries: list[str] = []

    async def fail_twice(route: Route) -> None:
        tries.append(route.request.headers["x-filename"])
        if len(tries) > 2:
            await route.continue_()
        elif status is None:
            await route.abort()
        else:
            await route.fulfill(status=status, json={"error": {"code": "X", "message": "Busy."}})

    await ada.page.route(UPLOAD, fail_twice)
    await choose(ada, FILES[:1])
    await expect(ada.file("north.txt")).to_be_visible()
    assert tries == ["north.txt"] * 3
    assert await stored(ada) == [("", "north.txt")]


async def test_what_a_refusal_ended_is_tried_again_all_at_once(ada):
    await refuse_uploads(ada.page)
    await choose(ada, FILES)
    await expect(uploads(ada.page).get_by_role("alert")).to_have_text(["Not now."] * len(FILES))
    await expect(ada.page.locator("#uploads-failed")).to_have_text("3 were not sent. Try all again")
    await ada.page.unroute(UPLOAD)
    await ada.page.get_by_role("button", name="Try all again").click()
    for file in FILES:
        await expect(ada.file(str(file["name"]))).to_be_visible()
    await expect(uploads(ada.page)).to_have_count(0)


async def test_one_failed_upload_has_its_own_button_only(ada):
    await refuse_uploads(ada.page)
    await choose(ada, FILES[:1])
    await expect(uploads(ada.page).get_by_role("button", name="Try again")).to_be_visible()
    await expect(ada.page.locator("#uploads-failed")).to_be_hidden()


async def test_a_file_that_went_from_the_disk_is_said_to_be_gone(ada, tmp_path: Path):
    path = tmp_path / "gone.txt"
    path.write_text("Soon no more.")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)
        path.unlink()
        await route.abort()

    await ada.page.route(UPLOAD, hold)
    await choose(ada, path)
    await expect(uploads(ada.page).get_by_role("alert")).to_have_text(
        "It cannot be read any more. Was it moved or changed since it was chosen?"
    )
    assert len(held) == 1


async def test_who_signs_out_leaves_no_upload_behind_for_whoever_comes_next(ada):
    page = ada.page
    await page.route(UPLOAD, lambda route: None)  # no answer
    await choose(ada, FILES)
    await expect(uploads(page)).to_have_count(len(FILES))
    await page.evaluate("() => window.dispatchEvent(new CustomEvent('signed-out'))")
    await expect(uploads(page)).to_have_count(0)
    await expect(page.locator("#toast")).to_contain_text("3 files were not sent")
