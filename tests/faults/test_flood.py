"""F15: thousands of files from one person, then one from another workspace and one from a colleague: they need not wait for his."""

import random
from dataclasses import replace

import pytest

from app.doctor import examine
from tests.faults.counts import times
from tests.faults.test_worker import TERMS, until_at_rest
from tests.make import make_scope
from tests.workers.made import index_of, make_file
from workers.main import working

pytestmark = pytest.mark.timeout(times(300, full=7200))
FILES = times(100, full=10_000)
LARGEST = times(30_000, full=1_000_000)
SEED = 15


def flood(random_: random.Random) -> list[bytes]:
    """Texts of 1 kB and more, no two alike, most of them small, in any order."""
    sizes = [int(1000 * (LARGEST / 1000) ** ((n + 1) / FILES) ** 32) for n in range(FILES)]
    random_.shuffle(sizes)
    lines = [f"Pier {random_.random()} opens at {n}.\n" for n in range(50)]
    return [
        "\n".join([f"Log {n}.", *random_.choices(lines, k=size // len(lines[0]))]).encode()
        for n, size in enumerate(sizes)
    ]


async def test_a_flood_from_one_person_keeps_nobody_waiting(resources, owner_connection):
    texts = flood(random.Random(SEED))
    first, second, third = [await make_scope(owner_connection) for _ in range(3)]
    colleague = replace(third, workspace_id=first.workspace_id)
    many = [await make_file(owner_connection, resources, first, text) for text in texts]
    async with working(resources, TERMS):
        few = [
            await make_file(owner_connection, resources, scope, text)
            for scope, text in ((second, texts[0]), (colleague, texts[1]))
        ]
        await until_at_rest(owner_connection, within_s=times(250, full=7000))
    assert await ends(owner_connection) == [("ready", "done", FILES + 2)]
    before = await owner_connection.fetchval(
        "SELECT count(*) FROM job WHERE id <> ALL($1)"
        " AND finished_at < (SELECT max(finished_at) FROM job WHERE id = ANY($1))",
        [each.job_id for each in few],
    )  # fmt: skip
    assert before < FILES / 4
    for alone, among_many in zip(few, many, strict=False):
        wanted = await index_of(owner_connection, among_many.file_id)
        assert await index_of(owner_connection, alone.file_id) == wanted
    broken = (await examine(resources)).findings
    assert [each for each in broken if each.invariant in {"I1", "I2", "I3", "I4"}] == []


async def ends(owner) -> list[tuple[object, ...]]:
    """How files and their jobs ended, and how many of them so."""
    rows = await owner.fetch(
        "SELECT f.state, j.state, count(*) FROM file f"
        " JOIN file_version v ON v.file_id = f.id JOIN job j ON j.subject_id = v.id GROUP BY 1, 2"
    )
    return [tuple(row) for row in rows]
