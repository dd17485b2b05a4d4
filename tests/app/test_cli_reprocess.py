from pathlib import Path

from tests.workers.made import file_row

DATA = Path(__file__).parent.parent / "data" / "files"


async def file_ids(owner):
    rows = await owner.fetch("SELECT id FROM item ORDER BY id")
    return [row["id"] for row in rows]


async def test_files_are_read_again_and_waited_for(ada, recollect, worker, owner_connection):
    await recollect("upload", str(DATA / "password.pdf"))
    await recollect("jobs", "--follow")
    (file_id,) = await file_ids(owner_connection)
    await owner_connection.execute("UPDATE file SET state = 'ready', reason_code = ''")
    done = await recollect("reprocess", str(file_id), "--only", "chunk")
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines()[0] == "1 file to be read again."
    assert (await file_row(owner_connection, file_id))["reason_code"] == "password_needed"
    failed = await recollect("reprocess", "--failed", "--no-wait")
    assert failed.stderr == "1 file to be read again.\n"


async def test_nothing_is_read_again_without_a_choice(ada, recollect):
    refused = await recollect("reprocess")
    assert (refused.exit_code, refused.stderr.startswith("recollect: Which files?")) == (1, True)
    assert (await recollect("reprocess", "--stale")).stderr == "0 files to be read again.\n"
    assert (await recollect("reprocess", "--all", "--format", "pdf")).exit_code == 0
