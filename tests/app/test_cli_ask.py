import asyncio
import signal
import sys
from uuid import UUID

import asyncpg

from app.cli_ask import source_line
from app.client import open_client
from app.client_shapes import Citation, Span
from app.settings import CHECKOUT

FILE, TALK, MESSAGE = UUID(int=1), UUID(int=2), UUID(int=3)


def citation(**values: object) -> Citation:
    base = {
        "ref": 2,
        "title": "plan.pdf",
        "pages": (3, 3),
        "file_id": FILE,
        "conversation_id": None,
        "message_id": None,
        "source_span": Span(start=5, end=9),
        "open": "/x",
    }
    return Citation.model_validate(base | values)


def test_a_quote_is_opened_where_it_stands():
    assert (
        source_line(citation(), "http://h")
        == f"[2] plan.pdf, p. 3  http://h/#/file/{FILE}?start=5&end=9"
    )
    said = citation(
        title="talk", pages=None, file_id=None, conversation_id=TALK, message_id=MESSAGE
    )
    assert (
        source_line(said, "http://h") == f"[2] talk  http://h/#/c/{TALK}?m={MESSAGE}&start=5&end=9"
    )
    assert "not yours to see" in source_line(citation(open=None), "http://h")


async def test_a_reply_is_printed_as_it_comes_with_its_sources(
    ada, served, recollect, worker, tmp_path, owner_connection
):
    (tmp_path / "plan.txt").write_text("The pension starts at the age of sixty-five.")
    await recollect("upload", str(tmp_path / "plan.txt"))
    await recollect("jobs", "--follow")
    asked = await recollect("ask", "The", "pension", "starts", "at", "which", "age?")
    assert asked.exit_code == 0, asked.output
    assert "The pension starts at the age of sixty-five. [1]" in asked.stdout
    assert f"[1] plan.txt  {served.url}/#/file/" in asked.stdout
    conversation = asked.stderr.split("--conversation ")[1].split()[0]
    again = await recollect("ask", "--conversation", conversation, "And the age?")
    assert again.exit_code == 0
    assert await owner_connection.fetchval("SELECT count(*) FROM conversation") == 1


async def test_an_unknown_model_is_refused_before_anything_is_asked(ada, recollect):
    refused = await recollect("ask", "--model", "nobody/nothing", "Hello?")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nobody/nothing" in refused.stderr


async def begun(owner: asyncpg.Connection) -> UUID:
    """Return the run that a command has begun; without a worker it waits."""
    async with asyncio.timeout(60):
        while (run_id := await owner.fetchval("SELECT id FROM run")) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return run_id


async def test_a_reply_that_somebody_stopped_ends_with_exit_code_1(
    served, token, recollect, owner_connection
):
    asking = asyncio.create_task(recollect("ask", "Hello?"))
    run_id = await begun(owner_connection)
    async with open_client(served.url, token=token) as client:
        await client.stop(run_id)
    stopped = await asking
    assert (stopped.exit_code, stopped.stderr.splitlines()[-1]) == (1, "The reply stopped")


async def test_ctrl_c_stops_the_reply(ada, recollect, resources, owner_connection):
    command = (sys.executable, "-m", "app.cli", "ask", "Hello?")
    process = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT)
    run_id = await begun(owner_connection)
    while f"run:{run_id}" not in resources.feed._channels:  # noqa: ASYNC110  (until it reads along)
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130
    state = await owner_connection.fetchval("SELECT state FROM run WHERE id = $1", run_id)
    assert state == "stopped"
