from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.settings import CHECKOUT, Settings, environment_of, is_loopback


def test_without_an_environment_everything_is_embedded_below_the_checkout():
    settings = Settings()
    assert (settings.recollect_home, settings.bind, settings.port) == (
        CHECKOUT / ".home",
        "127.0.0.1",
        4512,
    )
    assert (settings.database_url, settings.redis_url, settings.s3_endpoint) == (None, None, None)
    assert settings.blob_dir == CHECKOUT / ".home" / "blobs"


@pytest.mark.parametrize(
    ("environment", "registration"),
    [
        ({}, "open"),
        ({"BIND": "::1"}, "open"),
        ({"BIND": "0.0.0.0"}, "invite"),
        ({"BIND": "0.0.0.0", "REGISTRATION": "open"}, "open"),
        ({"REGISTRATION": "closed"}, "closed"),
    ],
)
def test_strangers_may_register_only_where_no_stranger_can_come(
    monkeypatch, environment, registration
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings().registration == registration


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    assert Settings().database_url is None


def test_folders_are_absolute_wherever_a_process_starts(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECOLLECT_HOME", "here")
    assert Settings().recollect_home == tmp_path / "here"


def test_a_deep_home_gets_a_socket_with_a_short_path():
    settings = Settings(recollect_home=Path("/srv") / ("deep" * 30))
    assert settings.embed_socket.parent.parent == Path("/tmp")


def test_settings_do_not_change_while_a_process_runs():
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_a_child_reads_the_same_settings_from_its_environment(monkeypatch):
    given = Settings(port=4600, openai_api_key=SecretStr("sk-1"), recollect_home=Path("/srv/a b"))
    for name, value in environment_of(given).items():
        monkeypatch.setenv(name, value)
    assert Settings() == given


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_only_this_machine_is_loopback(host, expected):
    assert is_loopback(host) is expected
