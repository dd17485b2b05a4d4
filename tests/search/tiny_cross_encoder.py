"""A real cross-encoder of a few bytes: the score of a pair is the sum of the weights of its passage's words.

Linear and known by heart, but an ONNX graph behind a tokenizer of pairs like any other: what tests of the slot need.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from app.onnx_file import FLOAT, Graph, model_bytes


def write_cross_encoder(folder: Path, weights: Mapping[str, float], *, logits: int = 1) -> Path:
    """Write model.onnx and tokenizer.json; with two logits the score stands in the second, its half against it in the first."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {word: n for n, word in enumerate(("[UNK]", "[CLS]", "[SEP]", *weights))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(_graph([0.0, 0.0, 0.0, *weights.values()], logits))
    return folder


def _graph(weights: list[float], logits: int) -> bytes:
    graph = Graph()
    words = graph.constant("words", np.array(weights, dtype=np.float32))
    own = graph.add("Gather", [words, "input_ids"])
    second = graph.add("Cast", ["token_type_ids"], attributes={"to": FLOAT})
    mask = graph.add("Cast", ["attention_mask"], attributes={"to": FLOAT})
    counted = graph.add("Mul", [graph.add("Mul", [own, second]), mask])
    axes = graph.constant("axes", np.array([1], dtype=np.int64))
    scale = graph.constant("scale", np.array([[1.0], [-0.5, 0.5]][logits - 1], dtype=np.float32))
    total = graph.add("ReduceSum", [counted, axes], attributes={"keepdims": 1})
    graph.add("Mul", [total, scale], output="logits")
    shape = ("batch", "tokens")
    return model_bytes(
        graph,
        inputs={"input_ids": shape, "attention_mask": shape, "token_type_ids": shape},
        outputs={"logits": ("batch", logits)},
    )
