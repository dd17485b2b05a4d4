import os
from pathlib import Path

import pytest

from app.folders import (
    SOCKET_PATH_BYTES,
    claim_folder,
    lock_folder,
    private_folder,
    require_space,
    short_folder,
    socket_in,
)
from app.identity import Identity, ourselves
from core.errors import StartFailed


def test_a_socket_lies_in_its_folder_while_the_path_fits(tmp_path):
    assert socket_in(Path("/srv/a"), "x.sock") == Path("/srv/a/x.sock")
    deep = Path("/srv") / ("é" * 60)
    assert socket_in(deep, "x.sock") == short_folder(deep) / "x.sock"
    assert len(os.fsencode(socket_in(deep, "x.sock"))) <= SOCKET_PATH_BYTES


def test_two_deep_folders_have_two_short_names():
    assert short_folder(Path("/srv/a")) == short_folder(Path("/srv/a"))
    assert short_folder(Path("/srv/a")) != short_folder(Path("/srv/b"))


def test_a_private_folder_is_closed_to_others(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.parent.mkdir()
    folder.mkdir(mode=0o777)
    assert private_folder(folder, ourselves()).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_a_folder_that_somebody_else_put_there_is_refused(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    with pytest.raises(StartFailed, match="belongs to somebody else"):
        private_folder(folder, Identity(65534, 65534))


def test_a_link_in_the_place_of_a_private_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StartFailed, match="belongs to somebody else"):
        private_folder(tmp_path / "link", ourselves())


def test_a_second_copy_in_the_same_folder_learns_who_has_it(tmp_path):
    held = claim_folder(tmp_path / "run")
    with pytest.raises(
        StartFailed, match=f"in use by process {os.getpid()}.*RECOLLECT_HOME and PORT"
    ):
        lock_folder(tmp_path / "run")
    os.close(held)
    os.close(lock_folder(tmp_path / "run"))


def test_a_full_disk_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(StartFailed, match=r"The disk of .* is full .* set RECOLLECT_HOME"):
        require_space(tmp_path, min_bytes=1 << 60)
    require_space(tmp_path, min_bytes=1)
