"""The BERT encoder all-MiniLM-L6-v2 as an ONNX graph: token ids in, one mean-pooled vector of unit length out.

After the model's config.json (6 layers, 12 heads, 384 wide, GELU by erf) and its 1_Pooling and 2_Normalize modules. The
fused operators of onnxruntime compute the layers; position and token-type embeddings are added up beforehand.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.onnx_file import CONTRIB, FLOAT, INT32, Graph, model_bytes

Weights = NDArray[np.float32]
LAYERS = 6
HEADS = 12
DIMENSION = 384
EPSILON = 1e-12  # layer_norm_eps of config.json


def minilm_onnx(weight: Callable[[str], Weights]) -> bytes:
    """Return the model file; `weight` gives the tensors by the names of the safetensors file."""
    graph = Graph()
    mask = graph.add("Cast", ["attention_mask"], attributes={"to": INT32})
    hidden = _embed(graph, weight)
    for layer in range(LAYERS):
        hidden = _encode(graph, weight, f"encoder.layer.{layer}", inputs=(hidden, mask))
    _pool(graph, hidden)
    shape = ("batch", "tokens")
    return model_bytes(
        graph,
        inputs={"input_ids": shape, "attention_mask": shape},
        outputs={"sentence_embedding": ("batch", DIMENSION)},
    )


def _embed(graph: Graph, weight: Callable[[str], Weights]) -> str:
    """Word plus position plus token type 0, then layer normalisation."""
    positions = weight("embeddings.position_embeddings.weight")
    token_type = weight("embeddings.token_type_embeddings.weight")[0]
    words = graph.constant("words", weight("embeddings.word_embeddings.weight"))
    places = graph.constant("places", positions + token_type)
    zero, one, two = (graph.constant(str(n), np.array([n], dtype=np.int64)) for n in range(3))
    length = graph.add("Slice", [graph.add("Shape", ["input_ids"]), one, two])
    summed = graph.add(
        "Add",
        [graph.add("Gather", [words, "input_ids"]), graph.add("Slice", [places, zero, length])],
    )
    return graph.add(
        "LayerNormalization",
        [summed, *_norm(graph, weight, "embeddings.LayerNorm")],
        attributes={"axis": 2, "epsilon": EPSILON},
    )


def _encode(
    graph: Graph, weight: Callable[[str], Weights], name: str, *, inputs: tuple[str, str]
) -> str:
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


def _add_and_norm(
    graph: Graph, weight: Callable[[str], Weights], name: str, *, inputs: tuple[str, str]
) -> str:
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


def _multiply(graph: Graph, weight: Callable[[str], Weights], name: str, hidden: str) -> str:
    return graph.add("MatMul", [hidden, graph.constant(name, weight(f"{name}.weight").T)])


def _bias(graph: Graph, weight: Callable[[str], Weights], name: str) -> str:
    return graph.constant(f"{name}.bias", weight(f"{name}.bias"))


def _norm(graph: Graph, weight: Callable[[str], Weights], name: str) -> tuple[str, str]:
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
