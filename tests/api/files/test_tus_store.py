import asyncio
import hashlib
from dataclasses import replace

import pytest

from api.files import tus_store
from api.files.tus_body import PartBody
from api.files.tus_store import (
    NewUpload,
    create_upload,
    find_upload,
    remove_upload,
    settled_upload,
    turn_of,
)
from core.errors import Conflict, Locked, NotFound
from core.names import FileName
from core.staging import PieceStaging
from tests.make import make_scope

DATA = b"Words that come in two parts."
DIGEST = hashlib.sha256(DATA).digest()


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


async def begin(resources, scope):
    name = FileName("", "a.txt")
    return await create_upload(resources, scope, NewUpload(name, len(DATA)))


async def sent(data: bytes):
    yield data


def body(data: bytes = DATA) -> PartBody:
    return PartBody(sent(data), room=len(data))


async def test_one_at_a_time_has_the_turn(resources, scope):
    upload = await begin(resources, scope)
    async with turn_of(resources, scope, upload.id):
        with pytest.raises(Locked):
            async with turn_of(resources, scope, upload.id):
                pass
    async with turn_of(resources, scope, upload.id) as turn:
        assert turn.upload == replace(upload, is_locked=True)


async def test_who_asks_waits_a_moment_for_who_writes(resources, scope, monkeypatch):
    upload = await begin(resources, scope)
    async with turn_of(resources, scope, upload.id) as turn:
        asking = asyncio.create_task(settled_upload(resources, scope, upload.id))
        await turn.append(body())
    assert (await asking).offset_bytes == len(DATA)
    monkeypatch.setattr(tus_store, "SETTLE_S", 0.1)
    async with turn_of(resources, scope, upload.id):
        assert (await settled_upload(resources, scope, upload.id)).is_locked


async def test_a_turn_is_kept_while_it_lasts_and_lost_in_silence(
    resources, scope, owner_connection
):
    upload = await begin(resources, scope)
    async with turn_of(resources, scope, upload.id) as lost:
        await owner_connection.execute("UPDATE upload SET locked_until = now() - interval '1 s'")
        async with turn_of(resources, scope, upload.id) as turn:
            with pytest.raises(Locked, match="another one writes"):
                await lost.append(body(b"old"))
            turn = await turn.append(body())
            await turn.complete()
    assert await owner_connection.fetchval("SELECT sha256 FROM file_version") == DIGEST


async def test_a_renewed_turn_lasts_longer(resources, scope, owner_connection, monkeypatch):
    monkeypatch.setattr(tus_store, "RENEW_S", 0.01)
    upload = await begin(resources, scope)
    until = "SELECT locked_until FROM upload"
    async with turn_of(resources, scope, upload.id):
        first = await owner_connection.fetchval(until)
        while await owner_connection.fetchval(until) == first:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_was_cut_before_its_file_was_made_is_finished_later(
    resources, scope, owner_connection
):
    """The bytes have their last name already, and the database goes away."""
    upload = await begin(resources, scope)
    async with turn_of(resources, scope, upload.id) as turn:
        turn = await turn.append(body())
        await resources.staging.finish(turn.upload.staged_in(scope))
    async with turn_of(resources, scope, upload.id) as turn:
        file_id = await turn.complete()
    assert (await find_upload(resources, scope, upload.id)).file_id == file_id
    digest = await owner_connection.fetchval("SELECT sha256 FROM file_version")
    assert digest == DIGEST
    with pytest.raises(Conflict):
        async with turn_of(resources, scope, upload.id):
            pass


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_an_upload_that_was_ended_makes_no_file(
    resources, scope, owner_connection, in_pieces
):
    if in_pieces:
        resources = replace(resources, staging=PieceStaging(resources.blobs))
    upload = await begin(resources, scope)

    async def complete_what_is_ended() -> None:
        async with turn_of(resources, scope, upload.id) as turn:
            turn = await turn.append(body())
            await remove_upload(resources, scope, upload.id)
            await turn.complete()

    with pytest.raises(NotFound):
        await complete_what_is_ended()
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 0
    assert await resources.blobs.stat(upload.staged_in(scope).key) is None


async def test_uploads_under_way_are_bounded(resources, scope, monkeypatch):
    monkeypatch.setattr(tus_store, "MOST_OPEN", 2)
    for _ in range(2):
        await begin(resources, scope)
    with pytest.raises(Conflict, match="2 uploads under way"):
        await begin(resources, scope)


async def test_an_expired_upload_is_gone(resources, scope, owner_connection):
    upload = await begin(resources, scope)
    await owner_connection.execute("UPDATE upload SET expires_at = now() - interval '1 s'")
    with pytest.raises(NotFound):
        await find_upload(resources, scope, upload.id)
    with pytest.raises(NotFound):
        async with turn_of(resources, scope, upload.id):
            pass
