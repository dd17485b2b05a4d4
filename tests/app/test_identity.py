import os
import pwd
from pathlib import Path

import pytest

from app import identity
from app.identity import Identity, database_identity, ourselves, reachable
from core.errors import StartFailed

STRANGER = Identity(65534, 65534)


def test_the_database_never_runs_as_root():
    found = database_identity()
    assert found.uid != 0
    assert os.geteuid() == 0 or found == ourselves()


def test_a_uid_without_a_name_is_told_what_initdb_would_not_say():
    with pytest.raises(
        StartFailed, match=r"User id 4000000 has no entry in /etc/passwd.*DATABASE_URL"
    ):
        identity._require_entry(4_000_000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another user")
def test_the_first_user_that_there_is_gets_the_database(monkeypatch):
    monkeypatch.setattr(identity, "LENT_USERS", ("nobody here", "nobody"))
    assert database_identity().uid == pwd.getpwnam("nobody").pw_uid
    monkeypatch.setattr(identity, "LENT_USERS", ("nobody here",))
    with pytest.raises(StartFailed, match="useradd"):
        database_identity()


@pytest.mark.parametrize(
    ("mode", "expected"), [(0o755, True), (0o711, True), (0o700, False), (0o744, False)]
)
def test_a_folder_is_reached_through_those_above_it(home, mode, expected):
    above = Path(home) / f"mode {mode:o}"
    above.mkdir()
    above.chmod(mode)
    assert reachable(above / "new" / "file", STRANGER) is expected
    assert reachable(above / "new" / "file", ourselves())


def test_a_group_opens_a_folder_to_its_members(home):
    above = Path(home) / "group only"
    above.mkdir()
    above.chmod(0o710)
    assert reachable(above / "file", Identity(65534, above.stat().st_gid))
    assert not reachable(above / "file", Identity(65534, 65533))
