"""A file that a password opens: who gives it reads the file, who has equal bytes does not, and nothing of it stays."""

from pathlib import Path

import pytest

from app.shared_key import shared_key
from ingest.passwords import PASSWORD_KEY, GivenPassword, opened, remove_old_passwords
from ingest.source import Step
from tests.workers.made import (
    again,
    file_row,
    index_of,
    ingest_next,
    job_row,
    make_file,
    make_version,
    text_of,
)
from workers.queue import cancel_ingest, retry_ingest

LOCKED = (Path(__file__).parents[1] / "data" / "files" / "password.pdf").read_bytes()
TEXT = "File with password\n"
RIGHT, WRONG = "password", "passwort"


@pytest.fixture
async def key(resources) -> bytes:
    return await shared_key(resources.signin, name=PASSWORD_KEY)


@pytest.fixture
def give(resources, scope, key):
    """A function that leaves a password for the job of a file."""

    async def leave(made, text=RIGHT):
        async with resources.app.write_tx(scope) as conn:
            given = GivenPassword(text, key)
            await given.keep(conn, scope.workspace_id, version_id=made.version_id)

    return leave


@pytest.fixture
def locked(resources, owner_connection, scope, tools, give):
    """A function that has the locked file read under a name, with a password or without."""

    async def read(name="a.pdf", password=""):
        made = await make_file(owner_connection, resources, scope, LOCKED, name=name)
        if password:
            await give(made, password)
        await ingest_next(resources, tools)
        return made

    return read


@pytest.fixture
def retried(resources, scope, tools, give):
    async def read(made, password="", first_step: Step = "extract"):
        async with resources.app.write_tx(scope) as conn:
            await retry_ingest(conn, scope, version_id=made.version_id, first_step=first_step)
        if password:
            await give(made, password)
        await ingest_next(resources, tools)

    return read


@pytest.fixture
def told(owner_connection):
    """A function from a file to its state, reason and text."""

    async def look(made):
        row = await file_row(owner_connection, made.file_id)
        return row["state"], row["reason_code"], await text_of(owner_connection, made.file_id)

    return look


NEEDED = ("failed", "password_needed", "")
READ = ("ready", "", TEXT)


async def test_a_file_is_read_with_its_password_which_is_forgotten(owner_connection, locked, told):
    made = await locked(password=RIGHT)
    assert await told(made) == READ
    assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 0


@pytest.mark.parametrize(("password", "code"), [("", "password_needed"), (WRONG, "password_wrong")])
async def test_without_it_or_with_another_the_file_fails_and_may_be_retried(
    owner_connection, locked, retried, told, password, code
):
    made = await locked(password=password)
    assert await told(made) == ("failed", code, "")
    assert (await job_row(owner_connection, made.job_id))["reason"] == code
    assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 0
    await retried(made, RIGHT)
    assert await told(made) == READ


async def test_equal_bytes_do_not_earn_the_text(owner_connection, locked, retried, told):
    """The twin of a file that was opened is asked for its own password, before and after."""
    with_it = await locked("a.pdf", RIGHT)
    without = await locked("b.pdf")
    assert (await told(with_it), await told(without)) == (READ, NEEDED)
    assert await index_of(owner_connection, without.file_id) == []
    await retried(without)
    assert await told(without) == NEEDED
    await retried(without, WRONG)
    assert await told(without) == ("failed", "password_wrong", "")
    await retried(without, RIGHT)
    assert await told(without) == READ


async def test_nor_do_they_to_who_came_first(locked, retried, told):
    without = await locked("a.pdf")
    with_it = await locked("b.pdf", RIGHT)
    assert (await told(without), await told(with_it)) == (NEEDED, READ)
    await retried(without)
    assert await told(without) == NEEDED


async def test_nor_does_a_new_version(resources, owner_connection, scope, tools, locked, told):
    await locked("a.pdf", RIGHT)
    other = await make_file(owner_connection, resources, scope, b"Other bytes.", name="b.pdf")
    await ingest_next(resources, tools)
    made = await make_version(owner_connection, resources, other, LOCKED, name="b.pdf")
    await ingest_next(resources, tools)
    assert (await told(made))[:2] == ("failed", "password_needed")
    assert TEXT not in (await told(made))[2]


@pytest.mark.parametrize("first_step", ["extract", "chunk", "embed"])
async def test_what_was_opened_is_read_again_from_its_text_and_stays_its_own(
    owner_connection, locked, retried, told, first_step
):
    made = await locked("a.pdf", RIGHT)
    before = await index_of(owner_connection, made.file_id)
    await retried(made, first_step=first_step)
    assert await told(made) == READ
    assert await index_of(owner_connection, made.file_id) == before
    assert await told(await locked("b.pdf")) == NEEDED


async def test_a_password_that_was_not_needed_makes_no_difference_to_the_text_but_for_twins(
    resources, owner_connection, scope, tools, give, told
):
    made = await make_file(owner_connection, resources, scope, b"Open.\n", name="a.txt")
    await give(made)
    await ingest_next(resources, tools)
    assert await told(made) == ("ready", "", "Open.\n")
    flags = await owner_connection.fetch("SELECT with_password FROM build")
    assert [row["with_password"] for row in flags] == [True]


async def test_it_outlives_a_crash_and_not_the_job(
    resources, owner_connection, scope, tools, give, told
):
    made = await make_file(owner_connection, resources, scope, LOCKED, name="a.pdf")
    await give(made, WRONG)
    await give(made, RIGHT)
    await owner_connection.execute("UPDATE job SET state = 'leased', attempts = 1")
    await again(owner_connection, made.job_id)
    assert await owner_connection.fetchval("SELECT count(*) FROM file_password") == 1
    await ingest_next(resources, tools)
    assert await told(made) == READ


@pytest.mark.parametrize("end", ["done", "failed", "dead", "cancelled"])
async def test_however_the_job_ends_it_is_forgotten(resources, owner_connection, scope, give, end):
    made = await make_file(owner_connection, resources, scope, LOCKED, name="a.pdf")
    other = await make_file(owner_connection, resources, scope, LOCKED, name="b.pdf")
    await give(made)
    await give(other)
    if end == "cancelled":
        async with resources.app.write_tx(scope) as conn:
            await cancel_ingest(conn, scope, version_id=made.version_id)
    else:
        await owner_connection.execute("UPDATE job SET state = $1 WHERE id = $2", end, made.job_id)
    left = await owner_connection.fetch("SELECT version_id FROM file_password")
    assert [row["version_id"] for row in left] == [other.version_id]


async def test_it_goes_with_its_file_and_with_time(resources, owner_connection, scope, give):
    made = await make_file(owner_connection, resources, scope, LOCKED, name="a.pdf")
    old = await make_file(owner_connection, resources, scope, LOCKED, name="b.pdf")
    new = await make_file(owner_connection, resources, scope, LOCKED, name="c.pdf")
    for each in (made, old, new):
        await give(each)
    await owner_connection.execute("DELETE FROM file_version WHERE id = $1", made.version_id)
    await owner_connection.execute(
        "UPDATE file_password SET created_at = now() - interval '9 days' WHERE version_id = $1",
        old.version_id,
    )
    async with resources.worker.write_tx() as conn:
        await remove_old_passwords(conn)
    left = await owner_connection.fetch("SELECT version_id FROM file_password")
    assert [row["version_id"] for row in left] == [new.version_id]


async def test_what_lies_there_is_sealed_and_the_api_cannot_read_it_back(
    resources, owner_connection, scope, give, key
):
    made = await make_file(owner_connection, resources, scope, LOCKED, name="a.pdf")
    await give(made, "sesame, öffne dich")
    sealed = await owner_connection.fetchval("SELECT sealed FROM file_password")
    assert b"sesame" not in sealed
    assert opened(sealed, version_id=made.version_id, key=key) == "sesame, öffne dich"
    assert opened(sealed, version_id=made.file_id, key=key) == ""
    may = "SELECT has_column_privilege('recollect_app', 'file_password', 'sealed', 'SELECT')"
    assert await owner_connection.fetchval(may) is False


def test_it_is_not_shown_by_chance(key):
    assert repr(GivenPassword("sesame", key)) == "GivenPassword()"
