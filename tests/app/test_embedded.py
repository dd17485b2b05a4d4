import os
from pathlib import Path

from pydantic import SecretStr

from app.embedded import (
    Services,
    embedded_services,
    log_failure,
    published,
    run_folder,
    with_running_services,
    with_services,
)
from app.folders import claim_folder
from app.settings import Settings
from core.errors import StartFailed

SERVICES = Services("postgresql://db/recollect", "redis://cache")


async def test_what_no_setting_names_is_started_and_stopped(home):
    settings = Settings(recollect_home=Path(home) / "both")
    said = []
    async with embedded_services(settings, say=said.append) as services:
        assert said == ["starting PostgreSQL", "starting Valkey"]
        assert services.database_url.startswith("postgresql://recollect@/recollect?host=")
        assert services.redis_url.startswith("unix:///")
    sockets = [path for path in settings.recollect_home.rglob("*") if path.is_socket()]
    assert sockets == []


async def test_what_a_setting_names_is_taken_as_it_is(tmp_path):
    settings = with_services(Settings(recollect_home=tmp_path), SERVICES)
    async with embedded_services(settings) as services:
        assert services == SERVICES
    assert list(tmp_path.iterdir()) == []


def test_other_commands_find_the_services_of_a_running_home(tmp_path):
    settings = Settings(recollect_home=tmp_path / "home", port=4600)
    settings.recollect_home.mkdir()
    assert with_running_services(settings) is settings, "nothing was ever started here"
    held = claim_folder(run_folder(settings))
    assert with_running_services(settings) is settings, "it is still starting"
    with published(settings, SERVICES):
        found = with_running_services(Settings(recollect_home=tmp_path / "home"))
        assert (found.bind, found.port) == ("127.0.0.1", 4600)
        assert found.database_url == SecretStr(SERVICES.database_url)
        assert found.redis_url == SecretStr(SERVICES.redis_url)
        assert (run_folder(settings) / "services.json").stat().st_mode & 0o777 == 0o600
        os.close(held)
        assert with_running_services(settings) is settings, "a killed one left its file behind"
    assert not (run_folder(settings) / "services.json").exists()


def test_without_a_listener_a_failure_is_logged(capsys):
    log_failure(StartFailed("it does not run"))
    assert "it does not run" in capsys.readouterr().out
