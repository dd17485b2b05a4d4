import pytest
from typer.testing import CliRunner

from app.cli import app
from app.local_model import QWEN, WEIGHTS, server_folder
from app.model_files import model_folder
from app.model_recipes import MINILM


def test_the_model_is_prepared_in_the_home(monkeypatch, model_dir):
    monkeypatch.setenv("RECOLLECT_HOME", str(model_dir.parent.parent))
    shown = CliRunner().invoke(app, ["models", "prepare"])
    assert (shown.exit_code, shown.stdout) == (0, f"{model_dir}\n")
    assert model_dir.name == MINILM.spec.model


@pytest.fixture
def pulled(monkeypatch, tmp_path):
    """A home that holds the chat model, as far as names of files say."""
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    server_folder(tmp_path).mkdir(parents=True)
    folder = model_folder(tmp_path, QWEN.name)
    (folder / WEIGHTS).touch()
    return folder


def test_models_are_listed_with_what_is_to_be_done(monkeypatch, tmp_path):
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    shown = CliRunner().invoke(app, ["models", "list"])
    assert [line.split(maxsplit=2) for line in shown.stdout.splitlines()] == [
        ["all-MiniLM-L6-v2", "embeddings", "is made when it is first needed"],
        ["multilingual-e5-small", "embeddings", "is made when it is first needed"],
        ["local/qwen2.5-coder-1.5b", "replies", "recollect models pull local"],
    ]


def test_a_model_that_is_here_is_listed_so_and_not_pulled_again(pulled):
    shown = CliRunner().invoke(app, ["models", "list"])
    assert shown.stdout.splitlines()[-1].split() == ["local/qwen2.5-coder-1.5b", "replies", "here"]
    again = CliRunner().invoke(app, ["models", "pull", "local"])
    assert (again.exit_code, again.stdout, again.stderr) == (0, f"{pulled}\n", "")


def test_a_model_that_nobody_knows_is_refused(pulled):
    refused = CliRunner().invoke(app, ["models", "pull", "gpt-5"])
    assert (refused.exit_code, "'gpt-5' is not" in refused.stderr) == (2, True)
