"""F7: the blob store answers 500, 503, nothing, resets, short bodies that end cleanly, wrong ETags; at 10 % and at 100 %.

First faults only, and safety: what is read is what was sent, or an error that is tried again. Then the store heals, and the
file is as in a clean run. The seed stands in the test's name.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
import urllib3
from minio import Minio

from app.doctor import examine
from core.blobs import BlobStore, S3Place, new_key
from core.blobs_s3 import S3Blobs
from core.errors import Unavailable
from core.ids import new_id
from tests.faults.s3_server import FaultyS3, faulty_s3
from tests.ingest.test_pipeline import NOTES
from tests.make import make_scope
from tests.workers.made import again, file_row, index_of, ingest_next, job_row, make_file, one
from workers.tools import make_work

FAULTS = ("500", "503", "silence", "reset", "short", "wrong etag")
DATA = NOTES.encode() * 20
TRIES = 4


@pytest.fixture
async def store(seed):
    async with faulty_s3(seed) as store:
        yield store


@pytest.fixture
def blobs(store):
    """Our client with less patience: a store that says nothing is given up after half a second."""
    with client_of(store, timeout_s=0.5) as blobs:
        yield blobs


@pytest.fixture
def patient(store):
    """For a store that fails in nothing: a busy machine is no fault."""
    with client_of(store, timeout_s=60) as blobs:
        yield blobs


@contextmanager
def client_of(store, *, timeout_s: float):
    retries = urllib3.Retry(total=2, backoff_factor=0, status_forcelist=[500, 502, 503, 504])
    http = urllib3.PoolManager(timeout=urllib3.Timeout(timeout_s), retries=retries)
    address = store.endpoint.removeprefix("http://")
    client = Minio(address, "test", "secret", secure=False, http_client=http, region="us-east-1")
    with ThreadPoolExecutor(4) as threads:
        yield S3Blobs(client, S3Place(store.endpoint, "recollect", "test", "secret"), threads)
    http.clear()


async def read_whole(blobs: BlobStore, key: str) -> bytes:
    return b"".join([data async for data in blobs.open(key)])


def befall(store: FaultyS3, fault, rate: float) -> None:
    store.fault, store.rate = fault, rate


@pytest.mark.parametrize("rate", [0.1, 1.0])
@pytest.mark.parametrize(("seed", "fault"), list(enumerate(FAULTS, 70)))
async def test_a_file_is_read_as_in_a_clean_run_once_the_store_heals(
    resources, owner_connection, store, blobs, patient, fault, rate
):
    here = replace(resources, blobs=patient)
    clean = await make_file(owner_connection, here, await make_scope(owner_connection), DATA, name="n.md")  # fmt: skip
    healthy = make_work(here).tools
    await ingest_next(here, healthy)
    other = await make_scope(owner_connection)  # nothing to be reused there
    made = await make_file(owner_connection, here, other, DATA, name="n.md")
    befall(store, fault, rate)
    tools = make_work(replace(resources, blobs=blobs)).tools
    for _ in range(TRIES):
        if (await job_row(owner_connection, made.job_id))["state"] == "done":
            break
        try:
            await ingest_next(here, tools)
        except Unavailable:
            await again(owner_connection, made.job_id)
    assert store.befallen > 0 or rate < 1
    befall(store, fault, 0)
    if (await job_row(owner_connection, made.job_id))["state"] != "done":
        await ingest_next(here, healthy)
    assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
    assert await index_of(owner_connection, made.file_id) == await index_of(owner_connection, clean.file_id)  # fmt: skip
    broken = [each for each in (await examine(here)).findings if each.level == "broken"]
    assert [each for each in broken if each.invariant in {"I2", "I3", "I4"}] == []


@pytest.mark.parametrize("rate", [0.1, 1.0])
@pytest.mark.parametrize(("seed", "fault"), list(enumerate(FAULTS, 80)))
async def test_what_a_put_has_verified_is_there(store, blobs, patient, fault, rate):
    befall(store, fault, rate)
    kept = list[str]()
    for _ in range(TRIES):
        key = new_key(new_id())
        try:
            stored = await blobs.put(key, one(DATA), limit_bytes=10**9)
        except Unavailable:
            continue
        assert (stored.sha256, stored.size_bytes) == (hashlib.sha256(DATA).digest(), len(DATA))
        kept.append(key)
    befall(store, fault, 0)
    assert [await read_whole(patient, key) == DATA for key in kept] == [True] * len(kept)
