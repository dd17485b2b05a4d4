import asyncio
import hashlib
import random
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from app.client import open_client
from app.client_shapes import Part
from app.resumable import (
    LocalFile,
    Sending,
    note_name,
    notes_folder,
    read_from,
    send_resumable,
)
from core.errors import CallerError, Unavailable
from tests.app.test_cli_upload import cutting_proxy

DATA = random.Random(11).randbytes(3_000_000)


@pytest.fixture
def file(tmp_path) -> LocalFile:
    path = tmp_path / "große Datei.bin"
    path.write_bytes(DATA)
    return LocalFile(path, "a/b", len(DATA), hashlib.sha256(DATA).hexdigest())


async def send(url: str, token: str, file: LocalFile, notes: Path) -> Sending:
    sending = Sending(lambda _: None)
    async with open_client(url, token=token) as client:
        await send_resumable(client, file, sending=sending, notes=notes)
    return sending


async def counted(owner_connection: asyncpg.Connection) -> None:
    """Wait until the request that was cut has counted what arrived; a try before that is refused, and repeated by the command."""
    settled = "SELECT offset_bytes > 0 AND lock_id IS NULL FROM upload"
    while not await owner_connection.fetchval(settled):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_cut_upload_goes_on_where_it_was(served, token, file, tmp_path, owner_connection):
    notes = tmp_path / "notes"
    async with cutting_proxy(served.port, after=2_000_000) as port:
        with pytest.raises(Unavailable):
            await send(f"http://127.0.0.1:{port}", token, file, notes)
        [note] = notes.iterdir()
        # The same upload at the address behind the proxy.
        note.rename(notes / note_name(served.url, file))
        await counted(owner_connection)
        sending = await send(served.url, token, file, notes)
    assert 1_000_000 < sending.resumed_bytes <= 2_000_000
    assert sending.told_bytes == len(DATA)
    assert list(notes.iterdir()) == []
    row = await owner_connection.fetchrow(
        "SELECT i.title, f.folder, v.sha256 FROM item i JOIN file f USING (workspace_id, id) JOIN file_version v ON v.file_id = f.id"
    )
    assert tuple(row) == ("große Datei.bin", "a/b", bytes.fromhex(file.sha256))


async def test_what_the_server_forgot_begins_anew(served, token, file, tmp_path, owner_connection):
    note = tmp_path / note_name(served.url, file)
    note.write_text("/api/v1/uploads/0198f3c2-0000-7000-8000-000000000000\n")
    assert (await send(served.url, token, file, tmp_path)).resumed_bytes == 0
    assert not note.exists()
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_what_became_a_file_without_our_knowing_is_not_sent_again(
    served, token, file, tmp_path, owner_connection
):
    async with open_client(served.url, token=token) as client:
        address = await client.begin_upload(file.upload)
        content = read_from(file.path, 0, sent=lambda _: None)
        done = await client.append(address, content, part=Part(0, len(DATA)))
        (tmp_path / note_name(served.url, file)).write_text(address)
        again = await send_resumable(client, file, sending=Sending(lambda _: None), notes=tmp_path)
    assert again == done.file_id
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_a_refusal_is_told(served, token, file, tmp_path, resources):
    large = LocalFile(file.path, "", resources.settings.max_upload_bytes + 1, file.sha256)
    with pytest.raises(CallerError, match="larger than 200,000,000 bytes"):
        await send(served.url, token, large, tmp_path)


def test_what_was_told_is_taken_back():
    told: list[int] = []
    sending = Sending(told.append)
    sending.resume(5)
    sending.sent(3)
    sending.take_back()
    assert (told, sending.resumed_bytes, sending.told_bytes) == ([5, 3, -8], 5, 0)


def test_notes_are_kept_with_the_persons_state(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/a")
    assert notes_folder() == Path("/a/recollect/uploads")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert notes_folder() == Path.home() / ".local/state/recollect/uploads"


async def test_the_password_goes_with_the_part_that_makes_the_file(
    served, token, file, tmp_path, owner_connection
):
    await send(served.url, token, replace(file, password="sesame öffne"), tmp_path / "notes")
    assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 1
