import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.settings import CHECKOUT
from app.settings_table import settings_markdown

COMMANDS = [
    ["serve"], ["migrate"], ["settings"], ["models", "prepare"], ["models", "list"], ["models", "pull"], ["user", "add"], ["user", "password"], ["user", "disable"], ["user", "enable"], ["login"], ["logout"],
    ["upload"], ["watch"], ["search"], ["ask"], ["jobs"], ["reprocess"], ["doctor"], ["adopt-blobs"], ["eval"],
    ["export"], ["import"], ["generations"],
    *(["generations", name] for name in ("build", "pause", "resume", "promote", "rollback", "drop")),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_has_an_example_in_its_help(command):
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert f"recollect {' '.join(command)}" in shown.stdout.split("Examples:")[1]


def test_the_list_above_is_that_of_the_help():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    first = {
        line.split()[1]
        for line in shown.split("Commands")[1].splitlines()
        if line[:3] == "│ " + line[2:3] and line[2:3].strip()
    }
    assert first == {command[0] for command in COMMANDS}


def test_settings_are_printed_with_secrets_masked(monkeypatch, tmp_path):
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    shown = CliRunner().invoke(app, ["settings"])
    assert (shown.exit_code, "sk-secret" in shown.stdout) == (0, False)
    assert f"RECOLLECT_HOME {tmp_path}" in " ".join(shown.stdout.split())
    assert CliRunner().invoke(app, ["settings", "--markdown"]).stdout == settings_markdown()


def test_migrate_may_be_repeated_and_names_what_it_lacks(monkeypatch, tmp_path, database_url):
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    without = CliRunner().invoke(app, ["migrate"])
    assert (without.exit_code, "set DATABASE_URL" in without.stderr) == (1, True)
    monkeypatch.setenv("DATABASE_URL", database_url)
    again = CliRunner().invoke(app, ["migrate"])
    assert (again.exit_code, again.stderr) == (0, "The database is up to date.\n")


def test_serve_says_in_one_line_why_it_cannot_start(tmp_path):
    """As a process: `python -m app.cli` is what .venv/bin/recollect runs."""
    ended = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve"],
        cwd=CHECKOUT,
        env={"PATH": "", "RECOLLECT_HOME": str(tmp_path), "BIND": "no.such.address.invalid"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("recollect: BIND=no.such.address.invalid is no address")
    assert "Traceback" not in ended.stderr
