import asyncio
import re
from io import StringIO

import pytest

from app.cli_watch import Watching, follow, may_delete, number_of
from app.client import open_client
from core.errors import CallerError


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def test_a_folder_is_followed_until_it_is_stopped(served, token, tmp_path, owner_connection):
    root = tmp_path / "papers"
    root.mkdir()
    (root / "a.txt").write_text("one")
    async with open_client(served.url, token=token) as client:
        watching = Watching(root, "here/there", 0.01, 20, allow_all=False)
        following = asyncio.create_task(follow(client, watching))
        for text in ("one", "two words"):
            (root / "a.txt").write_text(text)
            while await stored(owner_connection) != ("here/there", len(text)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.wait({following})
    assert following.cancelled()


async def stored(owner):
    row = await owner.fetchrow(
        "SELECT f.folder, v.size_bytes FROM file f JOIN file_version v ON v.file_id = f.id AND v.version = f.version"
    )
    return tuple(row) if row else None


async def test_a_folder_that_goes_away_is_waited_for(served, token, tmp_path, capsys):
    root = tmp_path / "disk"
    async with open_client(served.url, token=token) as client:
        following = asyncio.create_task(
            follow(client, Watching(root, "", 0.01, 20, allow_all=False))
        )
        said = ""
        while "trying again" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
        following.cancel()
        await asyncio.wait({following})
    assert said.count("trying again") == 1


async def test_what_is_no_folder_is_refused(recollect, tmp_path):
    for arguments in (
        [str(tmp_path / "absent")],
        [str(tmp_path), "--every", "soon"],
        [str(tmp_path), "--delete-over", "0%"],
    ):
        ended = await recollect("watch", *arguments)
        assert ended.exit_code == 1
        assert len(ended.stderr.splitlines()) == 1, ended.stderr


def test_where_nobody_can_be_asked_nothing_is_deleted(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())
    assert may_delete(5, 6) is False
    assert "5 of 6 files are gone" in capsys.readouterr().err


def test_numbers_of_options():
    shape = re.compile(r"(\d+)s?")
    assert (number_of("5s", shape, ""), number_of(" 7 ", shape, "")) == (5, 7)
    with pytest.raises(CallerError, match="wanted"):
        number_of("0s", shape, "wanted")
