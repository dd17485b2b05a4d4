import pytest
import typer

from app.cli_output import errors_as_lines, examples
from app.settings import Settings
from core.errors import StartFailed


def test_an_error_on_purpose_is_one_line_and_a_bug_keeps_its_traceback(capsys):
    with pytest.raises(typer.Exit) as ended, errors_as_lines():
        raise StartFailed("Start it.")
    assert (ended.value.exit_code, capsys.readouterr().err) == (1, "recollect: Start it.\n")
    with pytest.raises(ZeroDivisionError), errors_as_lines():
        raise ZeroDivisionError


def test_ctrl_c_ends_as_a_shell_expects():
    with pytest.raises(typer.Exit) as ended, errors_as_lines():
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130


def test_a_wrong_setting_is_named_without_those_that_follow_from_it(capsys, monkeypatch):
    monkeypatch.setenv("PORT", "many")
    with pytest.raises(typer.Exit), errors_as_lines():
        Settings()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("recollect: PORT: Input should be a valid integer")


def test_examples_stand_one_below_the_other():
    assert examples("a", "b") == "Examples:\n\na\n\nb"
