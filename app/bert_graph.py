"""A BERT encoder as an ONNX graph: token ids in, one mean-pooled vector of unit length out.

Both models of ours are such encoders (12 heads, 384 wide, GELU by erf, pooled by the mean); they differ in the number of
layers and in how their word table is stored. The fused operators of onnxruntime compute the layers; position and
token-type embeddings are added up beforehand.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.onnx_file import CONTRIB, FLOAT, INT32, Graph, model_bytes

Weights = NDArray[np.float32]
WeightOf = Callable[[str], Weights]  # by the names of a Hugging Face safetensors file
HEADS = 12
DIMENSION = 384
EPSILON = 1e-12  # layer_norm_eps of both models' config.json


def bert_onnx(weight: WeightOf, *, layers: int, look_up: Callable[[Graph], str]) -> bytes:
    """Return the model file; `look_up` adds the nodes that turn input_ids into the words' vectors and names the last."""
    graph = Graph()
    mask = graph.add("Cast", ["attention_mask"], attributes={"to": INT32})
    hidden = _embed(graph, weight, look_up(graph))
    for layer in range(layers):
        hidden = _encode(graph, weight, f"encoder.layer.{layer}", inputs=(hidden, mask))
    _pool(graph, hidden)
    shape = ("batch", "tokens")
    return model_bytes(
        graph,
        inputs={"input_ids": shape, "attention_mask": shape},
        outputs={"sentence_embedding": ("batch", DIMENSION)},
    )


def words_as_floats(weight: WeightOf) -> Callable[[Graph], str]:
    """Return the look-up in a word table of plain floats."""

    def look_up(graph: Graph) -> str:
        words = graph.constant("words", weight("embeddings.word_embeddings.weight"))
        return graph.add("Gather", [words, "input_ids"])

    return look_up


def _embed(graph: Graph, weight: WeightOf, words: str) -> str:
    """Word plus position plus token type 0, then layer normalisation."""
    positions = weight("embeddings.position_embeddings.weight")
    token_type = weight("embeddings.token_type_embeddings.weight")[0]
    places = graph.constant("places", positions + token_type)
    zero, one, two = (graph.constant(str(n), np.array([n], dtype=np.int64)) for n in range(3))
    length = graph.add("Slice", [graph.add("Shape", ["input_ids"]), one, two])
    summed = graph.add(
        "Add",
        [words, graph.add("Slice", [places, zero, length])],
    )
    return graph.add(
        "LayerNormalization",
        [summed, *_norm(graph, weight, "embeddings.LayerNorm")],
        attributes={"axis": 2, "epsilon": EPSILON},
    )


def _encode(graph: Graph, weight: WeightOf, name: str, *, inputs: tuple[str, str]) -> str:
    """Self-attention and the feed-forward step, each added to its input and normalised."""
    hidden, mask = inputs
    parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
    attended = graph.add(
        "Attention",
        [
            hidden,
            graph.constant(
                f"{name}.qkv", np.hstack([weight(f"{part}.weight").T for part in parts])
            ),
            graph.constant(
                f"{name}.qkv.bias", np.hstack([weight(f"{part}.bias") for part in parts])
            ),
            mask,
        ],
        domain=CONTRIB,
        attributes={"num_heads": HEADS},
    )
    hidden = _add_and_norm(graph, weight, f"{name}.attention.output", inputs=(attended, hidden))
    wide = _multiply(graph, weight, f"{name}.intermediate.dense", hidden)
    bias = _bias(graph, weight, f"{name}.intermediate.dense")
    active = graph.add("BiasGelu", [wide, bias], domain=CONTRIB)
    return _add_and_norm(graph, weight, f"{name}.output", inputs=(active, hidden))


def _add_and_norm(graph: Graph, weight: WeightOf, name: str, *, inputs: tuple[str, str]) -> str:
    new, hidden = inputs
    return graph.add(
        "SkipLayerNormalization",
        [
            _multiply(graph, weight, f"{name}.dense", new),
            hidden,
            *_norm(graph, weight, f"{name}.LayerNorm"),
            _bias(graph, weight, f"{name}.dense"),
        ],
        domain=CONTRIB,
        attributes={"epsilon": EPSILON},
    )


def _multiply(graph: Graph, weight: WeightOf, name: str, hidden: str) -> str:
    return graph.add("MatMul", [hidden, graph.constant(name, weight(f"{name}.weight").T)])


def _bias(graph: Graph, weight: WeightOf, name: str) -> str:
    return graph.constant(f"{name}.bias", weight(f"{name}.bias"))


def _norm(graph: Graph, weight: WeightOf, name: str) -> tuple[str, str]:
    return (
        graph.constant(f"{name}.weight", weight(f"{name}.weight")),
        graph.constant(f"{name}.bias", weight(f"{name}.bias")),
    )


def _pool(graph: Graph, hidden: str) -> None:
    """The mean over the tokens that the mask keeps, divided by its length."""
    kept = graph.add("Cast", ["attention_mask"], attributes={"to": FLOAT})
    kept = graph.add("Unsqueeze", [kept, "2"])
    total = graph.add(
        "ReduceSum", [graph.add("Mul", [hidden, kept]), "1"], attributes={"keepdims": 0}
    )
    # The mean is the sum over a count; the count falls out when the length is made 1.
    graph.add(
        "LpNormalization", [total], output="sentence_embedding", attributes={"axis": 1, "p": 2}
    )
