"""F10: the disk of the blobs, of temporary files or of the database is full: 503 that says so, nothing is lost, and it goes on.

Each is a disk of its own with 64 MB left. Skipped where a test may not mount one.
"""

import base64
import random
import tempfile
from dataclasses import replace

import httpx
import pytest

from app.doctor import examine
from core.blobs_folder import FolderBlobs
from core.errors import StorageFull
from tests.faults.counts import times
from tests.faults.journal import Journal, open_journal
from tests.faults.product import Product, running, signed_up
from tests.faults.small_disk import SmallDisk, small_disk
from tests.faults.test_nth_call import Calls, FailingBlobs
from tests.make import make_scope
from tests.workers.made import again, file_row, ingest_next, job_row, make_file
from workers.tools import make_work

pytestmark = pytest.mark.timeout(900)
LEFT_BYTES = 64 * 2**20
PIECE = 8 * 2**20
LENGTH = LEFT_BYTES + PIECE
TEXT = b"The harbour opens at dawn. Boats wait for the tide.\n" * 2000
VERSION = {"Tus-Resumable": "1.0.0"}
PART = {**VERSION, "Content-Type": "application/offset+octet-stream"}
FULL_DISK = (503, "STORAGE_FULL")


def told(answer: httpx.Response) -> tuple[int, str]:
    assert "retry-after" in answer.headers
    return answer.status_code, answer.json()["error"]["code"]


async def begin(client: httpx.AsyncClient) -> str:
    name = base64.b64encode(b"large.bin").decode()
    headers = VERSION | {"Upload-Length": str(LENGTH), "Upload-Metadata": f"filename {name}"}
    return (await client.post("/api/uploads", headers=headers)).headers["location"]


async def send_until_full(client: httpx.AsyncClient, url: str, data: bytes) -> httpx.Response:
    offset = 0
    while True:
        headers = PART | {"Upload-Offset": str(offset)}
        answer = await client.patch(url, headers=headers, content=data[offset : offset + PIECE])
        if not answer.is_success:
            return answer
        offset = int(answer.headers["upload-offset"])


async def check_doctor(resources) -> None:
    broken = [each for each in (await examine(resources)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []


@pytest.mark.parametrize("_", range(times(1, full=3)))
async def test_uploads_go_on_when_the_disk_of_the_blobs_has_space_again(
    ada, conversation_id, settings, resources, _
):
    data = random.Random(10).randbytes(2**20) * (LENGTH // 2**20)
    with small_disk(settings.blob_dir) as disk:
        FolderBlobs.open_folder(settings.blob_dir)
        kept = await ada.post("/api/upload", content=TEXT, headers={"X-Filename": "kept.txt"})
        disk.leave(LEFT_BYTES)
        url = await begin(ada)
        assert told(await send_until_full(ada, url, data)) == FULL_DISK
        disk.leave(0)
        more = await ada.post("/api/upload", content=TEXT[1:], headers={"X-Filename": "more.txt"})
        assert told(more) == FULL_DISK
        posted = await ada.post(
            f"/api/conversations/{conversation_id}/messages", json={"content": "Meanwhile."}
        )
        assert posted.status_code == 201
        read = await ada.get(f"/api/files/{kept.json()['file']['id']}/content")
        assert read.content == TEXT
        disk.grow()
        offset = int((await ada.head(url, headers=VERSION)).headers["upload-offset"])
        assert LEFT_BYTES - PIECE <= offset <= LEFT_BYTES
        headers = PART | {"Upload-Offset": str(offset)}
        ended = await ada.patch(url, headers=headers, content=data[offset:])
        assert ended.status_code == 204, ended.text
        whole = await ada.get(f"/api/files/{ended.headers['x-file-id']}/content")
        assert whole.content == data
        files = (await ada.get("/api/files")).json()["items"]
        assert sorted(file["name"] for file in files) == ["kept.txt", "large.bin"]
        await check_doctor(resources)


@pytest.mark.parametrize("_", range(times(1, full=3)))
async def test_a_file_is_read_when_the_disk_of_temporary_files_has_space_again(
    resources, owner_connection, tmp_path, monkeypatch, _
):
    """Only blobs of another machine are copied to be read."""
    made = await make_file(owner_connection, resources, await make_scope(owner_connection), TEXT)
    tools = make_work(resources).tools
    blobs = FailingBlobs(resources.blobs, Calls(0, "before"))  # none fails
    tools = replace(tools, storing=replace(tools.storing, blobs=blobs))
    with small_disk(tmp_path / "temporary") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
        disk.leave(0)
        with pytest.raises(StorageFull, match="The disk for temporary files has no space left"):
            await ingest_next(resources, tools)
        assert list(disk.folder.iterdir()) == []
        disk.leave(LEFT_BYTES)
        await again(owner_connection, made.job_id)
        await ingest_next(resources, tools)
        assert list(disk.folder.iterdir()) == []
    assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
    assert (await job_row(owner_connection, made.job_id))["attempts"] == 2


async def fill(disk: SmallDisk, journal: Journal) -> str:
    """Post until the database has no space left; return what was not taken."""
    disk.leave(LEFT_BYTES)
    path = f"/conversations/{journal.conversation_id}/messages"
    for n in range(2000):
        words = " ".join(f"word{n * 9000 + m}" for m in range(9000))
        text = f"Message numeral{n}. {words}"
        answer = await journal.client.post(path, json={"content": text, "client_id": f"{n}"})
        if not answer.is_success:
            assert told(answer) in (FULL_DISK, (503, "UNAVAILABLE"))
            assert (await journal.client.get("/conversations")).status_code in (200, 503)
            return text
        journal.messages[text] = answer.json()["id"]
    raise AssertionError("the disk was never full")


async def start_again(product: Product, disk: SmallDisk) -> None:
    """Stop; a start with the disk as full as it is ends with words for a person; one with space works."""
    disk.leave(0)
    await product.stop()
    with pytest.raises(AssertionError, match=r"The disk of .* is full .* free some space"):
        await product.start()
    disk.grow()
    await product.start()


@pytest.mark.parametrize("how", ["goes on", "is started again", "is killed"][: times(0, full=3)])
async def test_no_acknowledged_write_is_lost_when_the_database_has_no_space(product_home, how):
    with small_disk(product_home / "postgres") as disk:
        async with running(product_home) as product, signed_up(product, "ada") as client:
            journal = await open_journal(client)
            await journal.upload("before.txt", TEXT)
            last = await fill(disk, journal)
            if how == "is killed":
                product.kill("postgres")
            if how == "goes on":
                disk.grow()
            else:
                await start_again(product, disk)
            path = f"/conversations/{journal.conversation_id}/messages"
            body = {"content": last, "client_id": f"{len(journal.messages)}"}
            answer = await journal.until_answered("POST", path, json=body)
            journal.messages[last] = answer.json()["id"]
            await journal.upload("after.txt", TEXT[1:])
            await journal.check()
            doctor = product.run("doctor")
            assert doctor.returncode == 0, doctor.stdout + doctor.stderr
