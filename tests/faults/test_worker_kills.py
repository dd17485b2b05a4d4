"""F1 on the whole product, reduced: the worker, then everything, is killed while twenty files are read.

A killed job waits for its lease of 30 s. The kills come within that time, so none hits a job twice: twice would end it as
`worker_crash`, visibly.
"""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from tests.faults.journal import Journal, open_journal
from tests.faults.product import Product, eventually, signed_up
from tests.ingest.make_files import make_docx, make_pdf, paragraph, show

FOLDER = Path(__file__).parents[1] / "data" / "files"
KILLS = 3
LEASE_S = 30
pytestmark = pytest.mark.timeout(600)
PATIENCE_S = 150


def documents() -> dict[str, bytes]:
    """Twenty files of every kind that is read; six are real."""
    real = ["norwich-city.txt", "pdflatex-outline.pdf", "minimal-document.pdf", "Strict.docx", "word_tables.docx", "example_01.html"]  # fmt: skip
    found = {name: (FOLDER / name).read_bytes() for name in real}
    for n in range(7):
        lines = [
            show(*(f"Line {m} of page {page} of {n}." for m in range(20))) for page in range(30)
        ]
        found[f"pages{n}.pdf"] = make_pdf(lines)
        found[f"words{n}.docx"] = make_docx(paragraph(f"The harbour of part {n}. " * 200) * 20)
    return found


async def upload_all(journal: Journal) -> None:
    for name, data in documents().items():
        await journal.upload(name, data)


async def index_of(client: httpx.AsyncClient, file_id: str) -> list[tuple[object, ...]]:
    """Return what search finds of a file, without ids: equal after any number of crashes (invariant I4)."""
    found, cursor = [], None
    while True:
        asked = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/files/{file_id}/passages", params=asked)).json()
        found += [
            (p["ordinal"], p["start"], p["end"], p["pages"], p["headings"], p["text"])
            for p in page["items"]
        ]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def indexes(journal: Journal) -> dict[str, list[tuple[object, ...]]]:
    return {name: await index_of(journal.client, id_) for name, id_ in journal.files.items()}


async def begun(journal: Journal) -> int:
    return sum(job["attempts"] > 0 for job in await journal.everything("/jobs"))


async def until_more_is_begun(journal: Journal, *, than: int) -> None:
    """Wait until the worker of now is in the middle of something that no earlier one had begun."""

    async def more() -> bool:
        return await begun(journal) > than

    await eventually(more, within_s=PATIENCE_S)


async def kill_while_reading(product: Product, journal: Journal) -> None:
    """Kill the worker up to KILLS times, then everything, all before the first lease ends."""
    known, first_kill = 0, time.monotonic()
    for n in range(KILLS):
        await until_more_is_begun(journal, than=known)
        await asyncio.sleep(0.15 * n)
        known = await begun(journal)
        pid = product.pid("worker")
        if n == 0:
            first_kill = time.monotonic()
        product.kill("worker")
        await product.another("worker", than=pid)
        if time.monotonic() - first_kill > LEASE_S / 3:  # a busy machine
            break
    for n in range(10):
        await journal.post_message(f"Message numeral{n}. Words before the power went.")
    if time.monotonic() - first_kill > LEASE_S / 2:  # what was hit may be at work again
        await journal.wait_until_at_rest(within_s=PATIENCE_S)
    product.kill_all()
    await product.start()


async def test_files_are_whole_and_once_after_their_worker_was_killed(product):
    async with signed_up(product, "ada") as ada, signed_up(product, "bob") as bob:
        clean, hit = await open_journal(ada), await open_journal(bob)
        await upload_all(clean)
        await clean.check()
        await upload_all(hit)
        await kill_while_reading(product, hit)
        await hit.wait_until_at_rest(within_s=PATIENCE_S)
        await hit.check()
        assert await indexes(hit) == await indexes(clean)
        jobs = await hit.everything("/jobs")
        assert {job["state"] for job in jobs} == {"done"}
        crashed = [job for job in jobs if job["attempts"] > 1]
        assert crashed, "no kill hit a job"
        doctor = product.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
