from pathlib import Path
from uuid import UUID

from app.cli_jobs import lines, summary
from app.client_shapes import Job

DATA = Path(__file__).parent.parent / "data" / "files"


def job(number: int, state: str, **values: object) -> Job:
    base = {"id": UUID(int=number), "kind": "ingest_file", "item_id": UUID(int=0), "state": state,
            "stage": "", "reason": "", "attempts": 1}  # fmt: skip
    return Job.model_validate(base | values)


def test_jobs_stand_below_their_state_open_ones_first():
    jobs = [job(1, "done"), job(2, "leased", attempts=3), job(3, "done")]
    about = {one.id: "embedding" if one.state == "leased" else "" for one in jobs}
    assert lines(jobs, about) == [
        "leased (1)",
        f"  {UUID(int=2)}  ingest_file, try 3  embedding",
        "done (2)",
        f"  {UUID(int=1)}  ingest_file",
        f"  {UUID(int=3)}  ingest_file",
    ]
    assert summary(jobs) == "2 ingest_file done, 1 ingest_file leased"


async def test_a_failed_file_is_named_with_reason_and_remedy(ada, recollect, worker):
    await recollect("upload", str(DATA / "password.pdf"))
    followed = await recollect("jobs", "--follow", "--state", "failed")
    assert followed.exit_code == 0, followed.output
    heading, line = followed.stdout.splitlines()
    assert heading == "failed (1)"
    assert "password.pdf: The PDF is protected by a password. Retry it with its password." in line


async def test_no_jobs_and_an_unknown_state_are_said(ada, recollect):
    assert (await recollect("jobs")).stderr == "There are no such jobs.\n"
    unknown = await recollect("jobs", "--state", "sleeping")
    assert (unknown.exit_code, unknown.stderr.startswith("recollect: state")) == (1, True)


async def test_dead_jobs_are_shown_and_done_again(ada, recollect, owner_connection):
    assert (await recollect("jobs", "--dead")).stderr == "None is dead.\n"
    await recollect("upload", str(DATA / "password.pdf"))
    await owner_connection.execute(
        "UPDATE job SET state = 'dead', reason = 'worker_crash', attempts = 2, crashes = 2, finished_at = now()"
    )
    job_id = await owner_connection.fetchval("SELECT id FROM job")
    shown = await recollect("jobs", "--dead")
    assert shown.stdout == f"{job_id}  ingest_file  worker_crash (try 2, 2 crashes)\n"
    assert (await recollect("jobs", "requeue", str(job_id))).stderr == "1 job to be done again.\n"
    assert (await recollect("jobs", "requeue", "--all-dead")).stderr == "0 jobs to be done again.\n"
    neither = await recollect("jobs", "requeue")
    assert (neither.exit_code, neither.stderr) == (
        1,
        "recollect: Name the jobs, or say --all-dead.\n",
    )


async def test_a_file_is_retried_with_its_password(
    ada, recollect, worker, owner_connection, tmp_path
):
    password = tmp_path / "password.txt"
    password.write_text("password\n")
    await recollect("upload", str(DATA / "password.pdf"))
    await recollect("jobs", "--follow")
    job_id = await owner_connection.fetchval("SELECT id FROM job")
    retried = await recollect("jobs", "retry", str(job_id), "--password-file", str(password))
    assert retried.stderr == "1 file to be read again.\n"
    await recollect("jobs", "--follow")
    assert await owner_connection.fetchval("SELECT state FROM file") == "ready"


async def test_an_unknown_job_is_not_retried(ada, recollect):
    refused = await recollect("jobs", "retry", str(UUID(int=7)))
    assert (refused.exit_code, refused.stderr) == (1, "recollect: No such job.\n")
