"""Attachments and members as files of their own, on the real database."""

import zipfile
from dataclasses import replace
from hashlib import sha256

import pytest

from core.errors import Unavailable
from core.names import FileName
from ingest import children
from ingest.children import Parent, child_name
from ingest.pipeline import Order, ingest_file
from ingest.ranges import MemberStream
from tests.ingest.make_files import make_zip
from tests.ingest.test_pipeline import FailingFence
from tests.workers.made import again, file_row, ingest_next, make_file, make_version, text_of
from workers.ledger import claim

TIDES = b"The harbour opens at dawn.\n"
MOORINGS = b"Moorings are let by the week.\n"
TREE = {"tides.txt": TIDES, "terms/moorings.md": MOORINGS}


async def found_children(owner, parent_id):
    rows = await owner.fetch(
        "SELECT f.parent_path, f.folder, i.title, i.extension, f.depth, f.version, i.deleted_at IS NOT NULL AS deleted"
        " FROM file f JOIN item i ON i.id = f.id WHERE f.parent_id = $1 ORDER BY f.parent_path",
        parent_id,
    )
    return [tuple(row) for row in rows]


async def child_id(owner, parent_id, path):
    return await owner.fetchval(
        "SELECT id FROM file WHERE parent_id = $1 AND parent_path = $2", parent_id, path
    )


async def test_members_of_an_archive_are_files_below_it_and_its_list_is_its_text(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, make_zip(TREE), name="harbour.zip")
    await owner_connection.execute("UPDATE file SET folder = 'old' WHERE id = $1", made.file_id)
    for _ in range(3):
        await ingest_next(resources, tools)
    assert await found_children(owner_connection, made.file_id) == [
        ("terms/moorings.md", "old/harbour.zip/terms", "moorings.md", "md", 1, 1, False),
        ("tides.txt", "old/harbour.zip", "tides.txt", "txt", 1, 1, False),
    ]
    assert await text_of(owner_connection, made.file_id) == "- tides.txt\n- terms/moorings.md\n"
    assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
    tides = await child_id(owner_connection, made.file_id, "tides.txt")
    assert await text_of(owner_connection, tides) == TIDES.decode()
    assert (await file_row(owner_connection, tides))["state"] == "ready"


async def test_whoever_may_see_the_parent_may_see_the_child(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, make_zip(TREE), name="harbour.zip")
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $1, 'reader')",
        scope.workspace_id, made.file_id,
    )  # fmt: skip
    await ingest_next(resources, tools)
    tides = await child_id(owner_connection, made.file_id, "tides.txt")
    grants = "SELECT principal_id, role FROM access_grant WHERE item_id = $1 ORDER BY role"
    assert await owner_connection.fetch(grants, tides) == await owner_connection.fetch(
        grants, made.file_id
    )


async def test_equal_bytes_are_one_blob_and_leave_no_other_in_the_store(
    resources, owner_connection, scope, tools
):
    archive = make_zip({"a.txt": TIDES, "b.txt": TIDES})
    await make_file(owner_connection, resources, scope, archive, name="twice.zip")
    await ingest_next(resources, tools)
    rows = await owner_connection.fetch("SELECT sha256, key FROM blob")
    assert {row["sha256"] for row in rows} == {sha256(archive).digest(), sha256(TIDES).digest()}
    folder = resources.settings.recollect_home / "blobs" / str(scope.workspace_id)
    stored = {str(p.relative_to(folder.parent)) for p in folder.rglob("*") if p.is_file()}
    assert stored == {row["key"] for row in rows}


async def test_any_transaction_may_fail_and_the_next_run_ends_with_the_same_children(
    resources, owner_connection, scope, tools
):
    """The n-th transaction fails, n = 1, 2, ... until a run has no failure (SQLite's method)."""
    failures = 0
    while True:
        archive = make_zip({**TREE, "copy.txt": b"This is copy %d.\n" % failures})
        made = await make_file(owner_connection, resources, scope, archive, name="harbour.zip")
        claimed = await claim(resources.worker, "ingest_file")
        assert claimed is not None
        fence = FailingFence(
            resources.worker, claimed.workspace_id, claimed.job_ids, claimed.token, failures + 1
        )
        failed = False
        try:
            await ingest_file(tools, fence, Order(made.version_id, 1))
        except Unavailable:
            failed = True
            await owner_connection.execute(
                "UPDATE job SET state = 'done' WHERE state <> 'done' AND id <> $1", made.job_id
            )
            await again(owner_connection, made.job_id)
            await ingest_next(resources, tools)
        found = await found_children(owner_connection, made.file_id)
        assert [row[0] for row in found] == ["copy.txt", "terms/moorings.md", "tides.txt"]
        assert (await file_row(owner_connection, made.file_id))["state"] == "ready"
        await owner_connection.execute("UPDATE job SET state = 'done'")
        if not failed:
            break
        failures += 1
    assert failures >= 6


async def test_a_new_version_keeps_what_is_equal_renews_what_is_not_and_bins_what_is_gone(
    resources, owner_connection, scope, tools
):
    made = await make_file(
        owner_connection, resources, scope, make_zip({**TREE, "old.txt": b"Old.\n"}), name="h.zip"
    )
    for _ in range(4):
        await ingest_next(resources, tools)
    before = await child_id(owner_connection, made.file_id, "tides.txt")
    changed = {"tides.txt": TIDES, "terms/moorings.md": b"Moorings are let by the day.\n"}
    await make_version(owner_connection, resources, made, make_zip(changed))
    for _ in range(2):  # the archive, and the one member that is new
        await ingest_next(resources, tools)
    assert await claim(resources.worker, "ingest_file") is None
    assert [
        (row[0], *row[-2:]) for row in await found_children(owner_connection, made.file_id)
    ] == [
        ("old.txt", 1, True),
        ("terms/moorings.md", 2, False),
        ("tides.txt", 1, False),
    ]
    assert await child_id(owner_connection, made.file_id, "tides.txt") == before
    await make_version(
        owner_connection, resources, made, make_zip({**changed, "old.txt": b"Old.\n"})
    )
    await ingest_next(resources, tools)
    assert [
        (row[0], *row[-2:]) for row in await found_children(owner_connection, made.file_id)
    ] == [
        ("old.txt", 1, False),
        ("terms/moorings.md", 2, False),
        ("tides.txt", 1, False),
    ]


async def test_a_renewed_child_is_read_in_its_newest_version_alone(
    resources, owner_connection, scope, tools
):
    archive = make_zip({"tides.txt": TIDES})
    made = await make_file(owner_connection, resources, scope, archive, name="h.zip")
    await ingest_next(resources, tools)
    await make_version(owner_connection, resources, made, make_zip({"tides.txt": MOORINGS}))
    await owner_connection.execute(
        "UPDATE job SET fair_key = 0 WHERE content_hash <> $1", sha256(TIDES).digest()
    )
    await ingest_next(resources, tools)
    tides = await child_id(owner_connection, made.file_id, "tides.txt")
    jobs = await owner_connection.fetch(
        "SELECT v.version, j.state FROM job j JOIN file_version v ON v.id = j.subject_id"
        " WHERE v.file_id = $1 ORDER BY 1", tides,
    )  # fmt: skip
    assert [tuple(job) for job in jobs] == [(1, "cancelled"), (2, "queued")]
    await ingest_next(resources, tools)
    assert await text_of(owner_connection, tides) == MOORINGS.decode()


async def test_a_child_that_was_gone_before_it_was_read_is_read_when_it_is_there_again(
    resources, owner_connection, scope, tools
):
    with_tides, without = make_zip(TREE), make_zip({"terms/moorings.md": MOORINGS})
    made = await make_file(owner_connection, resources, scope, with_tides, name="h.zip")
    await owner_connection.execute("UPDATE job SET fair_key = 0")
    await ingest_next(resources, tools)
    await make_version(owner_connection, resources, made, without)
    await owner_connection.execute("UPDATE job SET fair_key = 0 WHERE subject_id IN"
        " (SELECT id FROM file_version WHERE file_id = $1)", made.file_id)  # fmt: skip
    for _ in range(3):
        await ingest_next(resources, tools)
    tides = await child_id(owner_connection, made.file_id, "tides.txt")
    assert (await file_row(owner_connection, tides))["state"] == "cancelled"
    await make_version(owner_connection, resources, made, make_zip({**TREE, "c.txt": b"C.\n"}))
    for _ in range(3):
        await ingest_next(resources, tools)
    assert (await file_row(owner_connection, tides))["state"] == "ready"


async def test_a_new_version_that_is_no_archive_and_was_read_elsewhere_bins_them_all(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, make_zip(TREE), name="notes.txt")
    await make_file(owner_connection, resources, scope, b"No archive.\n", name="notes.txt")
    for _ in range(4):
        await ingest_next(resources, tools)
    await make_version(owner_connection, resources, made, b"No archive.\n")
    await ingest_next(resources, tools)
    assert [row[-1] for row in await found_children(owner_connection, made.file_id)] == [True, True]
    assert await text_of(owner_connection, made.file_id) == "No archive.\n"


async def test_a_child_that_somebody_deleted_stays_in_the_bin(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, make_zip(TREE), name="h.zip")
    await ingest_next(resources, tools)
    tides = await child_id(owner_connection, made.file_id, "tides.txt")
    await owner_connection.execute("UPDATE item SET deleted_at = now() WHERE id = $1", tides)
    await make_version(owner_connection, resources, made, make_zip({**TREE, "new.txt": b"New.\n"}))
    await owner_connection.execute("UPDATE job SET state = 'done' WHERE subject_id IN (SELECT v.id"
        " FROM file_version v JOIN file f ON f.id = v.file_id WHERE f.parent_id IS NOT NULL)")  # fmt: skip
    await ingest_next(resources, tools)
    assert [(row[0], row[-1]) for row in await found_children(owner_connection, made.file_id)] == [
        ("new.txt", False),
        ("terms/moorings.md", False),
        ("tides.txt", True),
    ]


def nested(levels: int) -> bytes:
    content = make_zip({"core.txt": TIDES})
    for level in range(levels):
        content = make_zip({f"{level}.zip": content})
    return content


async def test_archives_in_archives_are_opened_three_deep(
    resources, owner_connection, scope, tools
):
    made = await make_file(owner_connection, resources, scope, nested(5), name="nested.zip")
    for _ in range(4):
        await ingest_next(resources, tools)
    assert await claim(resources.worker, "ingest_file") is None
    rows = await owner_connection.fetch("SELECT depth, folder, state FROM file ORDER BY depth")
    assert [tuple(row) for row in rows] == [
        (0, "", "ready"),
        (1, "nested.zip", "ready"),
        (2, "nested.zip/4.zip", "ready"),
        (3, "nested.zip/4.zip/3.zip", "partial"),
    ]
    assert made.file_id == await owner_connection.fetchval(
        "SELECT DISTINCT root_id FROM file WHERE depth > 0"
    )
    problems = await owner_connection.fetch("SELECT code, message FROM file_problem")
    assert [tuple(row) for row in problems] == [
        ("nested_too_deep", "1.zip was not taken out: 3 files deep is the end.")
    ]


async def test_mails_in_mails_are_opened_three_deep(resources, owner_connection, scope, tools):
    mail = b"Subject: 20\n\nThe innermost.\n"
    for level in reversed(range(20)):
        head = b"Subject: %d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (level, level)
        within = b"--b%d\nContent-Type: message/rfc822\n\n%s\n--b%d--\n" % (level, mail, level)
        mail = head + within
    await make_file(owner_connection, resources, scope, mail, name="forwarded.eml")
    for _ in range(4):
        await ingest_next(resources, tools)
    assert await claim(resources.worker, "ingest_file") is None
    rows = await owner_connection.fetch("SELECT depth, parent_path, state FROM file ORDER BY depth")
    assert [tuple(row) for row in rows] == [
        (0, None, "ready"),
        (1, "1.eml", "ready"),
        (2, "2.eml", "ready"),
        (3, "3.eml", "partial"),
    ]


async def test_an_uploaded_file_gives_so_many_files_and_no_more(
    resources, owner_connection, scope, tools, monkeypatch
):
    monkeypatch.setattr(children, "MOST_FILES", 3)
    inner = make_zip({f"{n}.txt": b"%d is a number.\n" % n for n in range(3)})
    outer = make_zip({"first.txt": b"First.\n", "inner.zip": inner})
    made = await make_file(owner_connection, resources, scope, outer, name="outer.zip")
    for _ in range(4):
        await ingest_next(resources, tools)
    rows = await owner_connection.fetch(
        "SELECT folder, state FROM file ORDER BY depth, parent_path"
    )
    assert [tuple(row) for row in rows] == [
        ("", "ready"),
        ("outer.zip", "ready"),
        ("outer.zip", "partial"),
        ("outer.zip/inner.zip", "ready"),
    ]
    assert await owner_connection.fetchval("SELECT code FROM file_problem") == "too_many_files"
    assert (
        await owner_connection.fetchval("SELECT member_count FROM file WHERE id = $1", made.file_id)
        == 3
    )


async def test_a_member_that_is_larger_than_an_upload_may_be_is_a_problem(
    resources, owner_connection, scope, tools
):
    made = await make_file(
        owner_connection,
        resources,
        scope,
        make_zip({"a.txt": TIDES * 9, "b.txt": TIDES}),
        name="h.zip",
    )
    small = replace(tools, storing=replace(tools.storing, limit_bytes=len(TIDES)))
    await ingest_next(resources, small)
    assert [row[0] for row in await found_children(owner_connection, made.file_id)] == ["b.txt"]
    assert (await file_row(owner_connection, made.file_id))["state"] == "partial"
    assert await owner_connection.fetchval("SELECT code FROM file_problem") == "member_too_large"


async def test_a_workspace_without_room_takes_no_member_and_says_so(
    resources, owner_connection, scope, tools
):
    archive = make_zip(TREE)
    made = await make_file(owner_connection, resources, scope, archive, name="h.zip")
    quota_bytes = len(archive) + len(TIDES)
    full = replace(tools, storing=replace(tools.storing, quota_bytes=quota_bytes))
    await ingest_next(resources, full)
    assert [row[0] for row in await found_children(owner_connection, made.file_id)] == ["tides.txt"]
    assert await owner_connection.fetchval("SELECT code FROM file_problem") == "over_quota"
    folder = resources.settings.recollect_home / "blobs" / str(scope.workspace_id)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2
    await owner_connection.execute("UPDATE job SET state = 'done'")
    await make_version(owner_connection, resources, made, make_zip({**TREE, "new.txt": b"New.\n"}))
    await ingest_next(resources, full)  # no room for what is new; what is there already needs none
    assert [(row[0], row[-1]) for row in await found_children(owner_connection, made.file_id)] == [
        ("tides.txt", False)
    ]


async def test_a_damaged_member_is_a_problem_and_the_others_come_out(
    resources, owner_connection, scope, tools
):
    noise = bytes(n * 7919 % 251 for n in range(3_000_000))  # longer than one piece
    broken = bytearray(
        make_zip({"noise.bin": noise, "tides.txt": TIDES}, method=zipfile.ZIP_STORED)
    )
    broken[2_500_000] ^= 1
    made = await make_file(owner_connection, resources, scope, bytes(broken), name="h.zip")
    await ingest_next(resources, tools)
    assert [row[0] for row in await found_children(owner_connection, made.file_id)] == ["tides.txt"]
    assert await owner_connection.fetchval("SELECT message FROM file_problem") == (
        "noise.bin in it is damaged."
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a/b.txt", FileName("mail/x.zip/a", "b.txt")),
        ("", FileName("mail/x.zip", "x")),
        ("../b.txt", FileName("mail/x.zip", "b.txt")),
        ("n" * 300 + ".txt", FileName("mail/x.zip", "n" * 215 + " 7.txt")),
        ("\u200b", FileName("mail/x.zip", "7")),
    ],
)
def test_a_member_is_shown_below_its_parent(path, shown):
    parent = Parent(None, "x.zip", "mail", 0, None)  # pyright: ignore[reportArgumentType]
    assert child_name(parent, MemberStream(7, path, None)) == shown  # pyright: ignore[reportArgumentType]
