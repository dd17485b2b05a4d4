import os
import re
import time
from dataclasses import replace

import pytest

from app.doctor import Finding, disk_finding, examine, ocr_finding
from core.errors import Unavailable
from core.redis_pool import open_redis
from ingest.build import PIPELINE_VERSION
from ingest.ocr import Tesseract
from tests.app.test_doctor_checks import BREAK, make_sound


async def store(resources, owner, scope, *, text: bytes = b"x") -> str:
    """Put the bytes of make_sound()'s file where its row says they are; return the key."""

    async def stream():
        yield text

    key = await owner.fetchval("SELECT key FROM blob WHERE workspace_id = $1", scope.workspace_id)
    await resources.blobs.put(key, stream(), limit_bytes=10)
    return key


async def beat(owner) -> None:
    await owner.execute(
        "INSERT INTO heartbeat (process, kind, seen_at) VALUES ('w', 'worker', now())"
    )


def names(findings) -> list[str]:
    return [finding.check for finding in findings if finding.level == "broken"]


async def test_a_sound_installation_is_healthy(resources, owner_connection):
    await store(resources, owner_connection, await make_sound(owner_connection))
    await beat(owner_connection)
    report = await examine(resources)
    assert (report.healthy, names(report.findings), report.workspaces) == (True, [], 1)


async def test_findings_of_all_workspaces_are_summed(resources, owner_connection):
    await beat(owner_connection)
    for _ in range(2):
        scope = await make_sound(owner_connection)
        await store(resources, owner_connection, scope)
        await owner_connection.execute(BREAK["missing_vectors"], scope.workspace_id)
    report = await examine(resources)
    [finding] = [f for f in report.findings if f.level == "broken"]
    assert (finding.check, finding.invariant, finding.found) == ("missing_vectors", "I3", 6)
    assert not report.healthy


async def test_bytes_that_are_gone_or_too_few_are_found(resources, owner_connection):
    await beat(owner_connection)
    gone = await make_sound(owner_connection)
    short = await make_sound(owner_connection)
    key = await store(resources, owner_connection, short, text=b"xy")
    report = await examine(resources)
    [finding] = [f for f in report.findings if f.level == "broken"]
    assert (finding.check, finding.found) == ("missing_bytes", 2)
    await resources.blobs.delete(key)
    assert str(gone.workspace_id) in finding.example


async def test_bytes_without_a_row_are_found_after_a_day(resources, owner_connection):
    await beat(owner_connection)
    scope = await make_sound(owner_connection)
    key = await store(resources, owner_connection, scope)
    orphan = f"{scope.workspace_id}/00/b"
    path = resources.blobs.local_path(orphan)
    path.write_bytes(b"orphan")
    assert names((await examine(resources)).findings) == []
    yesterday = time.time() - 26 * 3600
    for old in (path, resources.blobs.local_path(key)):
        os.utime(old, (yesterday, yesterday))
    findings = (await examine(resources)).findings
    for old in (key, orphan):
        await resources.blobs.delete(old)
    assert [(f.check, f.found, f.example) for f in findings if f.level == "broken"] == [
        ("orphan_bytes", 1, orphan)
    ]


class AwayEmbedder:
    model, dimension, max_tokens = "away", 384, 256

    async def embed_query(self, text: str):
        raise Unavailable("no socket")


async def test_parts_that_are_away_are_found_each_with_its_remedy(resources):
    away = replace(
        resources,
        redis=open_redis("redis://127.0.0.1:1"),
        embedder=AwayEmbedder(),
        has_row_security=False,
    )
    findings = {finding.check: finding for finding in (await examine(away)).findings}
    assert {"worker", "redis", "embedder", "row_security"} <= set(findings)
    assert findings["worker"].wrong == "no worker ever ran"
    assert findings["row_security"].level == "notice"
    assert all(finding.remedy.endswith((".", "migrate")) for finding in findings.values())


async def test_indexes_of_which_much_is_deleted_are_a_notice(resources, owner_connection):
    await beat(owner_connection)
    await owner_connection.execute(
        "INSERT INTO index_care (partition, counter, deleted)"
        " SELECT c, pg_stat_get_tuples_deleted(c::regclass), 900000 FROM unnest(ARRAY['embedding_1', 'passage_2']) c"
    )
    report = await examine(resources)
    found = [finding for finding in report.findings if finding.check == "bloat"]
    # Which is the worse depends on what PostgreSQL counted by now.
    assert sorted(re.sub(r"\d+", "N", finding.wrong) for finding in found) == [
        "of the rows in the indexes of embedding_N (N MB) N% are deleted",
        "of the rows in the indexes of passage_N (N MB) N% are deleted",
    ]
    assert report.healthy


async def test_files_that_an_older_version_read_are_a_notice(resources, owner_connection):
    await beat(owner_connection)
    await make_sound(owner_connection)
    await owner_connection.execute("UPDATE build SET pipeline_version = $1", PIPELINE_VERSION)
    for older, wrong in ((0, []), (1, ["1 files were read by an older version of Recollect"])):
        await owner_connection.execute(
            "UPDATE build SET pipeline_version = pipeline_version - $1", older
        )
        report = await examine(resources)
        assert [f.wrong for f in report.findings if f.check == "stale_files"] == wrong


async def test_a_worker_that_fell_silent_is_told_by_its_silence(resources, owner_connection):
    await beat(owner_connection)
    await owner_connection.execute("UPDATE heartbeat SET seen_at = now() - interval '40 s'")
    findings = (await examine(resources)).findings
    assert [f.wrong for f in findings if f.check == "worker"] == ["no worker for 40 s"]


@pytest.mark.parametrize(
    ("program", "wrong"),
    [
        (None, "pictures and scans are not read: no tesseract"),
        (Tesseract("/t", frozenset({"eng", "osd"})), "tesseract does not know deu"),
        (Tesseract("/t", frozenset({"eng", "deu"})), None),
    ],
)
def test_pictures_that_are_not_read_are_a_notice(program, wrong):
    finding = ocr_finding(program, "deu+eng")
    assert (finding.wrong if finding else None) == wrong
    assert finding is None or finding.level == "notice"


def test_a_disk_that_fills_up_is_a_notice_also_for_a_folder_not_made_yet(tmp_path):
    assert disk_finding(tmp_path, low_bytes=0) is None
    low = disk_finding(tmp_path / "not" / "made", low_bytes=10**18)
    assert isinstance(low, Finding)
    assert (low.level, str(tmp_path) in low.wrong) == ("notice", True)
