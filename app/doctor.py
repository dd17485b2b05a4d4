"""`recollect doctor`: the invariants I1-I4 of the whole installation, and whether its parts work; it reads and never mends.

It works on the worker's pool and reads content as one workspace's tenant after the other: so it needs no more rights than
the worker has, sees through the same row-level security, and reads every workspace without a login that owns the tables.
"""

import re
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from redis.exceptions import RedisError

from app.blob_owner import REMEDY, blob_owner
from app.doctor_checks import CHECKS, Check, Count, Invariant
from app.resources import Resources
from core.errors import Unavailable
from ingest.build import PIPELINE_VERSION
from ingest.ocr import Tesseract, find_tesseract
from sql import fetch, fetch_one, read
from sql.index_care import list_bloated
from sql.migrate import PGVECTOR_AT_LEAST

Level = Literal["broken", "notice"]
WORKER_SILENT_S: Final = 30.0  # it beats every 5 s
ORPHAN_AFTER: Final = timedelta(hours=25)  # a day, and the hour between two rounds of the worker
LOW_DISK_BYTES: Final = 1_000_000_000
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in how many places, and what to do; a notice costs something, but breaks no promise."""

    check: str
    invariant: Invariant
    level: Level
    found: int
    wrong: str
    example: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor looked at and found."""

    workspaces: int
    checks: int
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        return all(finding.level == "notice" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Health:
    schema_number: int | None
    vector_version: str | None
    worker_seen_s: float | None


@dataclass(frozen=True, slots=True)
class _Extension:
    name: str
    installed: str
    available: str


@dataclass(frozen=True, slots=True)
class _Blob:
    sha256: bytes
    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Key:
    key: str


_list_workspace_ids = read("doctor.sql", "list_workspace_ids", _Id)
_list_old_extensions = read("doctor.sql", "list_old_extensions", _Extension)
_list_blobs = read("doctor.sql", "list_blobs", _Blob)
_list_known_keys = read("maintenance.sql", "list_known_keys", _Key)
_count_stale_builds = read("doctor.sql", "count_stale_builds", Count)
_find_health = read("health.sql", "find_health", _Health)


async def examine(resources: Resources) -> Report:
    """Check everything; a database that does not answer is Unavailable."""
    async with resources.worker.write_tx() as conn:
        workspaces = [row.id for row in await fetch(conn, _list_workspace_ids)]
    findings = [
        finding for check in CHECKS if (finding := await _asked(resources, check, workspaces))
    ]
    for look in _LOOKS:
        findings += await look(resources)
    findings += await _missing_bytes(resources, workspaces)
    return Report(len(workspaces), len(CHECKS) + len(_LOOKS) + 1, tuple(findings))


async def _asked(resources: Resources, check: Check, workspaces: Sequence[UUID]) -> Finding | None:
    found, example = 0, ""
    for workspace_id in workspaces:
        async with resources.worker.tenant_tx(workspace_id) as conn:
            count: Count = await fetch_one(
                conn, check.query, workspace_id=workspace_id, **check.times()
            )
        found, example = found + count.found, example or count.example
    if not found:
        return None
    return Finding(check.name, check.invariant, "broken", found, check.wrong, example, check.remedy)


async def _missing_bytes(resources: Resources, workspaces: Sequence[UUID]) -> list[Finding]:
    lost: list[str] = []
    async for blob in _blobs(resources, workspaces):
        stat = await resources.blobs.stat(blob.key)
        if stat is None or stat.size_bytes != blob.size_bytes:
            lost.append(blob.key)
    if not lost:
        return []
    remedy = "Restore these bytes from the backup of the blobs, or upload the files again."
    wrong = "files have no bytes, or not as many as they had"
    return [Finding("missing_bytes", "I1", "broken", len(lost), wrong, lost[0], remedy)]


async def _blobs(resources: Resources, workspaces: Sequence[UUID]) -> AsyncGenerator[_Blob]:
    for workspace_id in workspaces:
        after = b""
        while True:
            async with resources.worker.tenant_tx(workspace_id) as conn:
                page = await fetch(
                    conn, _list_blobs, workspace_id=workspace_id, after=after, most=PAGE
                )
            for blob in page:
                yield blob
            if len(page) < PAGE:
                break
            after = page[-1].sha256


async def _orphan_bytes(resources: Resources) -> list[Finding]:
    orphans: list[str] = []
    keys: list[str] = []
    async for key in resources.blobs.list_older_than(datetime.now(UTC) - ORPHAN_AFTER):
        keys.append(key)
        if len(keys) == PAGE:
            orphans += await _unknown(resources, keys)
            keys = []
    orphans += await _unknown(resources, keys)
    if not orphans:
        return []
    wrong = "stored blobs belong to no file"
    remedy = "Is the worker running? It removes them every hour; its log says what keeps it."
    return [Finding("orphan_bytes", "I3", "broken", len(orphans), wrong, orphans[0], remedy)]


async def _unknown(resources: Resources, keys: list[str]) -> list[str]:
    async with resources.worker.write_tx() as conn:
        known = {row.key for row in await fetch(conn, _list_known_keys, keys=keys)}
    return [key for key in keys if key not in known]


async def _blob_owner(resources: Resources) -> list[Finding]:
    whose = await blob_owner(
        signin=resources.signin,
        worker=resources.worker,
        blobs=resources.blobs,
        only_look=True,
    )
    if whose == "ours":
        return []
    wrong = (
        "the blob store is that of another installation"
        if whose == "another's"
        else "the blob store holds nothing of this database's files; none of them is failed for that"
    )
    return [_broken("blob_owner", wrong, REMEDY)]


async def _software(resources: Resources) -> list[Finding]:
    """Look at pgvector, extensions that were not updated, and row-level security."""
    async with resources.worker.write_tx() as conn:
        health = await fetch_one(conn, _find_health)
        old = await fetch(conn, _list_old_extensions)
    findings = [
        _notice(
            "extensions",
            f"{row.name} is used as {row.installed}",
            f"Run in the database: ALTER EXTENSION {row.name} UPDATE; ({row.available})",
        )
        for row in old
    ]
    version = tuple(map(int, re.findall(r"\d+", health.vector_version or "")))
    if version < PGVECTOR_AT_LEAST:
        wrong = f"pgvector {health.vector_version} may corrupt its index"
        findings.append(_broken("pgvector", wrong, "Install pgvector 0.8.5 or newer there."))
    if not resources.has_row_security:
        remedy = "Let the login create roles (CREATEROLE), then run: recollect migrate"
        findings.append(_notice("row_security", "row-level security is off", remedy))
    return findings


async def _bloat(resources: Resources) -> list[Finding]:
    """Look at indexes of which much is deleted; search is right, and slower than it could be."""
    async with resources.worker.write_tx() as conn:
        bloated = await list_bloated(conn)
    return [
        _notice(
            "bloat",
            f"of the rows in the indexes of {each.partition} ({each.size_bytes // 1_000_000} MB) {each.share:.0%} are deleted",
            "Is the worker running? It rebuilds them every hour; its log says what keeps it.",
        )
        for each in bloated
    ]


async def _stale(resources: Resources) -> list[Finding]:
    """Look for files that this version would read better, or at least otherwise."""
    async with resources.worker.write_tx() as conn:
        stale = await fetch_one(conn, _count_stale_builds, pipeline_version=PIPELINE_VERSION)
    if not stale.found:
        return []
    wrong = f"{stale.found} files were read by an older version of Recollect"
    return [_notice("stale_files", wrong, "Read them again: recollect reprocess --stale")]


async def _worker(resources: Resources) -> list[Finding]:
    async with resources.worker.write_tx() as conn:
        seen_s = (await fetch_one(conn, _find_health)).worker_seen_s
    if seen_s is not None and seen_s <= WORKER_SILENT_S:
        return []
    wrong = "no worker ever ran" if seen_s is None else f"no worker for {seen_s:.0f} s"
    return [_broken("worker", wrong, "Start it: `make run`, or the unit of the worker.")]


async def _redis(resources: Resources) -> list[Finding]:
    try:
        await resources.redis.ping()  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, OSError) as error:
        remedy = "Start it: `make run`, or correct REDIS_URL. Nothing is lost, all is slower."
        return [_broken("redis", f"Redis does not answer ({error})", remedy)]
    return []


async def _embedder(resources: Resources) -> list[Finding]:
    try:
        await resources.embedder.embed_query("Is anybody there?")
    except Unavailable as error:
        remedy = "Start it: `make run`, or correct EMBEDDER. Until then search is by words only."
        return [_broken("embedder", f"the embedder does not answer ({error})", remedy)]
    return []


async def _disk(resources: Resources) -> list[Finding]:
    settings = resources.settings
    folders = {settings.recollect_home, settings.blob_dir}
    return [finding for folder in sorted(folders) if (finding := disk_finding(folder))]


def disk_finding(folder: Path, *, low_bytes: int = LOW_DISK_BYTES) -> Finding | None:
    """Return a notice when little is left where `folder` lies."""
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes >= low_bytes:
        return None
    wrong = f"{free_bytes // 1_000_000} MB are free at {folder}"
    return _notice("disk", wrong, "Free some space, or move RECOLLECT_HOME or BLOB_DIR.")


async def _ocr(resources: Resources) -> list[Finding]:
    finding = ocr_finding(await find_tesseract(), resources.settings.ocr_languages)
    return [finding] if finding else []


def ocr_finding(program: Tesseract | None, languages: str) -> Finding | None:
    """Return a notice when pictures are not read here, or not in all the languages asked for."""
    if program is None:
        remedy = (
            "Install tesseract-ocr (apt-get install tesseract-ocr), then read such files again."
        )
        return _notice("ocr", "pictures and scans are not read: no tesseract", remedy)
    missing = sorted(set(languages.split("+")) - program.languages)
    if not missing:
        return None
    wrong = f"tesseract does not know {', '.join(missing)}"
    packages = " ".join(f"tesseract-ocr-{name}" for name in missing)
    return _notice("ocr", wrong, f"Install {packages}, or correct OCR_LANGUAGES.")


def _broken(check: str, wrong: str, remedy: str) -> Finding:
    return Finding(check, "operation", "broken", 1, wrong, "", remedy)


def _notice(check: str, wrong: str, remedy: str) -> Finding:
    return Finding(check, "operation", "notice", 1, wrong, "", remedy)


_LOOKS: Final[tuple[Callable[[Resources], Awaitable[list[Finding]]], ...]] = (
    _blob_owner,
    _orphan_bytes,
    _software,
    _bloat,
    _stale,
    _worker,
    _redis,
    _embedder,
    _disk,
    _ocr,
)
