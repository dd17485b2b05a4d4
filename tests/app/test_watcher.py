import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.client import open_client
from app.watch_state import read_state
from app.watcher import AGAIN_S, Watcher, hashed
from core.errors import Unavailable


@dataclass
class Watched:
    """A folder that is watched, what was told of it, and what the server holds."""

    watcher: Watcher
    root: Path
    told: list[str] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    answer: bool = False

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    async def rounds(self, count: int = 2) -> list[str]:
        """Look so often and return what was told meanwhile, sorted."""
        self.told.clear()
        for _ in range(count):
            await self.watcher.round()
        return sorted(self.told)


@pytest.fixture
async def watched(served, token, tmp_path) -> AsyncGenerator[Watched]:
    root = tmp_path / "papers"
    root.mkdir()
    async with open_client(served.url, token=token) as client:
        watcher = Watcher(
            client, root, "papers", read_state(tmp_path / "state.json"), tmp_path / "notes", 20.0,
            tell=lambda _: None, allow=lambda _lost, _of: False,
        )  # fmt: skip
        watched = Watched(watcher, root)

        def allow(lost: int, of: int) -> bool:
            watched.asked.append((lost, of))
            return watched.answer

        watcher.tell, watcher.allow = watched.told.append, allow
        yield watched


@pytest.fixture
def there(owner_connection):
    """What the server has: path -> (version, bytes, in the bin)."""

    async def there() -> dict[str, tuple[int, int, bool]]:
        rows = await owner_connection.fetch(
            "SELECT f.folder || '/' || i.title AS path, f.version, v.size_bytes, i.deleted_at IS NOT NULL AS gone"
            " FROM item i JOIN file f USING (workspace_id, id)"
            " JOIN file_version v ON v.file_id = f.id AND v.version = f.version"
        )
        return {row["path"]: (row["version"], row["size_bytes"], row["gone"]) for row in rows}

    return there


async def test_what_happens_in_the_folder_happens_on_the_server(watched, there):
    watched.write("a.txt", "one")
    watched.write("deep/b.txt", "two")
    assert await watched.rounds(1) == []
    assert await watched.rounds(1) == ["new papers/a.txt", "new papers/deep/b.txt"]
    watched.write("a.txt", "three")
    assert await watched.rounds() == ["changed papers/a.txt"]
    (watched.root / "deep" / "b.txt").rename(watched.root / "moved.txt")
    assert await watched.rounds() == ["gone papers/deep/b.txt", "new papers/moved.txt"]
    (watched.root / "moved.txt").unlink()
    assert await watched.rounds() == ["gone papers/moved.txt"]
    assert await watched.rounds() == []
    assert await there() == {
        "papers/a.txt": (2, 5, False),
        "papers/deep/b.txt": (1, 3, True),
        "papers/moved.txt": (1, 3, True),
    }


async def test_a_file_that_is_still_written_waits(watched):
    for text in ("h", "ha", "hal", "half"):
        watched.write("a.txt", text)
        assert await watched.rounds(1) == []
    assert await watched.rounds(1) == ["new papers/a.txt"]


async def test_a_file_that_was_only_touched_is_not_sent(watched):
    watched.write("a.txt", "one")
    await watched.rounds()
    (watched.root / "a.txt").touch()
    assert await watched.rounds() == []


async def test_a_lost_state_sends_nothing_twice(watched, there, tmp_path):
    watched.write("a.txt", "one")
    watched.write("b.txt", "one")
    await watched.rounds()
    before = await there()
    assert sorted(read_state(tmp_path / "state.json").files) == ["a.txt", "b.txt"]
    watched.watcher.state.files.clear()
    watched.write("b.txt", "changed meanwhile")
    assert await watched.rounds() == ["changed papers/b.txt"]
    assert await there() == {**before, "papers/b.txt": (2, 17, False)}


async def test_many_deletions_are_asked_about_once(watched, there):
    for number in range(6):
        watched.write(f"{number}.txt", str(number))
    await watched.rounds()
    for number in range(6):
        (watched.root / f"{number}.txt").unlink()
    assert await watched.rounds(4) == []
    assert watched.asked == [(6, 6)]
    watched.write("0.txt", "0")
    watched.answer = True
    assert await watched.rounds() == [f"gone papers/{number}.txt" for number in range(1, 6)]
    assert watched.asked[1:] == [(5, 6)]
    assert sorted(gone for _, _, gone in (await there()).values()) == [False] + [True] * 5


async def test_moving_many_is_no_deletion(watched):
    for number in range(6):
        watched.write(f"old/{number}.txt", str(number))
    await watched.rounds()
    (watched.root / "old").rename(watched.root / "new")
    assert len(await watched.rounds()) == 12
    assert watched.asked == []


async def test_what_was_deleted_on_the_server_comes_anew_when_it_changes(watched, there):
    watched.write("a.txt", "one")
    await watched.rounds()
    await watched.watcher.client.delete_file(await file_id(watched))
    watched.write("a.txt", "second")
    assert await watched.rounds() == ["new papers/a.txt"]
    await watched.watcher.client.delete_file(await file_id(watched))
    (watched.root / "a.txt").unlink()
    assert await watched.rounds() == []


async def test_what_one_file_meets_is_told_once_and_keeps_no_other(watched):
    watched.write("bad\u202e.txt", "x")
    (watched.root / "bad\u202e.txt").rename(watched.root / "\u202e")
    watched.write("good.txt", "y")
    told = await watched.rounds(4)
    assert told[0] == "new papers/good.txt"
    assert [line.rpartition(": ")[0] for line in told[1:]] == ["\u202e: filename"]


async def test_a_large_file_is_sent_so_that_it_can_go_on(watched, there):
    data = random.Random(2).randbytes(8_100_000)
    (watched.root / "large.bin").write_bytes(data)
    assert await watched.rounds() == ["new papers/large.bin"]
    assert await there() == {"papers/large.bin": (1, 8_100_000, False)}


async def test_what_a_server_that_is_away_did_not_get_comes_later(watched):
    watched.write("a.txt", "one")
    client = watched.watcher.client
    async with open_client("http://127.0.0.1:9", token="none") as away:
        watched.watcher.client = away
        with pytest.raises(Unavailable):
            await watched.watcher._create(hashed(watched.root, "a.txt", "papers"))
    watched.watcher.client = client
    assert await watched.rounds() == ["new papers/a.txt"]


async def file_id(watched: Watched):
    found = await watched.watcher.client.file_at("papers", "a.txt")
    assert found is not None
    return found.id


async def test_what_is_refused_is_not_sent_again_until_it_changes_or_ten_minutes_later(
    watched, monkeypatch
):
    now, read = [0.0], []

    def counted(root, path, folder):
        read.append(path)
        return hashed(root, path, folder)

    monkeypatch.setattr("app.watcher.hashed", counted)
    watched.watcher.clock = lambda: now[0]
    watched.write("\u202e", "a name that no file may have")
    await watched.rounds(5)
    assert len(read) == 1
    watched.write("\u202e", "other bytes")
    await watched.rounds(5)
    assert len(read) == 2
    now[0] += AGAIN_S
    await watched.rounds(5)
    assert len(read) == 3


async def test_files_that_moved_leave_their_old_places_though_others_are_kept(watched, there):
    for number in range(6):
        watched.write(f"{number}.txt", str(number))
    watched.write("old/moved.txt", "moved")
    await watched.rounds()
    for number in range(6):
        (watched.root / f"{number}.txt").unlink()
    (watched.root / "old").rename(watched.root / "new")
    assert await watched.rounds(4) == ["gone papers/old/moved.txt", "new papers/new/moved.txt"]
    assert watched.asked == [(6, 8)]  # the moved one was at both places then
