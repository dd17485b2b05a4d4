import logging

import pytest
import structlog

import app.program
from app.program import EXIT_FAILED, run_program
from app.settings import Settings
from app.unit import EXIT_START_FAILED
from core.errors import StartFailed, Unavailable


@pytest.fixture(autouse=True)
def logging_as_before(monkeypatch):
    """A logger that no earlier test of this process has bound to its own output; none is left to a later one."""
    monkeypatch.setattr(app.program, "log", structlog.get_logger())
    root = logging.getLogger()
    handlers, level = {*root.handlers}, root.level
    yield
    for left in {*root.handlers} - handlers:  # it writes to what was standard output then
        root.removeHandler(left)
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("error", "code"),
    [(StartFailed("Correct BIND."), EXIT_START_FAILED), (Unavailable("no database"), EXIT_FAILED)],
)
def test_the_exit_code_says_whether_another_try_may_help(error, code, capsys):
    def fail(settings: Settings) -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_program("api", fail)
    assert ended.value.code == code
    [line] = capsys.readouterr().out.splitlines()
    assert str(error) in line
    assert "process=api" in line


def test_it_runs_with_the_settings_of_the_environment(monkeypatch):
    monkeypatch.setenv("PORT", "4600")
    ports: list[int] = []
    run_program("api", lambda settings: ports.append(settings.port))
    assert ports == [4600]
