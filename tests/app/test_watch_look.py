import os

import pytest

from app.watch_look import Known, Look, Plan, Seen, is_mass, look, plan

ONE, TWO = Seen(1, 1, 1), Seen(2, 2, 1)


def test_a_look_finds_files_at_any_depth_and_neither_links_nor_hidden_ones(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    for path in ("a.txt", "deep/er/ü.txt", ".hidden", ".git/x"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(outside / "secret.txt")
    (root / "linked").symlink_to(outside)
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    found = look(root)
    assert (sorted(found.files), found.unread) == (["a.txt", "deep/er/ü.txt"], ())
    stat = (root / "a.txt").stat()
    assert found.files["a.txt"] == Seen(5, stat.st_mtime_ns, stat.st_ino)


def test_a_folder_that_is_not_there_is_an_error_and_not_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "absent")


def test_a_file_is_sent_when_two_looks_find_it_alike():
    known = {"same": Known("1", "x", ONE), "changed": Known("2", "y", ONE)}
    before = Look({"same": ONE, "changed": TWO, "new": ONE, "growing": ONE})
    now = Look({"same": ONE, "changed": TWO, "new": ONE, "growing": TWO, "late": ONE})
    assert plan(known, before, now) == Plan(check=("changed", "new"), gone=())


def test_a_file_is_gone_when_two_looks_lack_it_and_could_have_seen_it():
    known = {path: Known("1", "x", ONE) for path in ("gone", "a/unread", "saving", "ab")}
    before, now = Look({"saving": ONE}), Look({}, unread=("a",))
    assert plan(known, before, now) == Plan(check=(), gone=("ab", "gone"))


def test_many_deletions_at_once_are_a_mass():
    asked = [
        is_mass(gone, of, over_percent=20.0, at_least=5)
        for gone, of in ((4, 4), (5, 5), (20, 100), (21, 100))
    ]
    assert asked == [False, True, False, True]
