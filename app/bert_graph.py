"""A BERT encoder as an ONNX graph: token ids in, one mean-pooled vector of unit length out.

Both models of ours are such encoders (12 heads, 384 wide, GELU by erf, pooled by the mean); they differ in the number of
layers and in how their word table is stored. The fused operators of onnxruntime compute the layers; position and
token-type embeddings are added up beforehand. In bytes the matrices are a quarter of the size and a short text costs half
the time, for a vector at a cosine of .999 to the other: right for a query, which is asked alone and soon forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.onnx_file import CONTRIB, FLOAT, INT32, Graph, model_bytes

Weights = NDArray[np.float32]
WeightOf = Callable[[str], Weights]  # by the names of a Hugging Face safetensors file
LookUp = Callable[
    [Graph], str
]  # adds the nodes that turn input_ids into the words' vectors, and names the last
HEADS = 12
DIMENSION = 384
EPSILON = 1e-12  # layer_norm_eps of both models' config.json
BLOCK = 64  # weights of a row that share a scale: 128 is a tenth faster and coarser
_MIDDLE, _LARGEST = (
    128,
    127,
)  # what a byte holds for a weight of 0, and how far the others lie from it
_INTEGERS = 4  # accuracy_level of MatMulNBits: the other side in bytes too, block by block


def bert_onnx(weight: WeightOf, *, layers: int, look_up: LookUp, in_bytes: bool = False) -> bytes:
    """Return the model file."""
    writer = _Writer(Graph(), weight, in_bytes)
    mask = writer.graph.add("Cast", ["attention_mask"], attributes={"to": INT32})
    hidden = writer.embed(look_up(writer.graph))
    for layer in range(layers):
        hidden = writer.encode(f"encoder.layer.{layer}", hidden, mask)
    writer.pool(hidden)
    shape = ("batch", "tokens")
    return model_bytes(
        writer.graph,
        inputs={"input_ids": shape, "attention_mask": shape},
        outputs={"sentence_embedding": ("batch", DIMENSION)},
    )


def words_as_floats(weight: WeightOf) -> LookUp:
    """Return the look-up in a word table of plain floats."""

    def look_up(graph: Graph) -> str:
        words = graph.constant("words", weight("embeddings.word_embeddings.weight"))
        return graph.add("Gather", [words, "input_ids"])

    return look_up


def words_as_bytes(weight: WeightOf) -> LookUp:
    """Return the look-up in a word table of bytes."""

    def look_up(graph: Graph) -> str:
        values, scales = in_blocks(weight("embeddings.word_embeddings.weight"))
        words = [graph.constant("words", values.reshape(-1, DIMENSION)), "input_ids"]
        return graph.add(
            "GatherBlockQuantized",
            [*words, graph.constant("scales", scales)],
            domain=CONTRIB,
            attributes={"bits": 8, "block_size": BLOCK, "gather_axis": 0, "quantize_axis": 1},
        )

    return look_up


def in_blocks(rows: Weights) -> tuple[NDArray[np.uint8], Weights]:
    """Return each row as blocks of bytes, (rows, blocks, BLOCK), and the scale of each block, (rows, blocks)."""
    blocks = rows.reshape(len(rows), -1, BLOCK)
    scales = np.abs(blocks).max(axis=2) / _LARGEST
    scales[scales == 0] = 1
    values = np.rint(blocks / scales[:, :, None]) + _MIDDLE
    return values.astype(np.uint8), scales.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Adds the parts of an encoder to a graph."""

    graph: Graph
    weight: WeightOf
    in_bytes: bool

    def embed(self, words: str) -> str:
        """Word plus position plus token type 0, then layer normalisation."""
        graph = self.graph
        token_type = self.weight("embeddings.token_type_embeddings.weight")[0]
        places = graph.constant(
            "places", self.weight("embeddings.position_embeddings.weight") + token_type
        )
        zero, one, two = (graph.constant(str(n), np.array([n], dtype=np.int64)) for n in range(3))
        length = graph.add("Slice", [graph.add("Shape", ["input_ids"]), one, two])
        summed = graph.add("Add", [words, graph.add("Slice", [places, zero, length])])
        return graph.add(
            "LayerNormalization",
            [summed, *self._norm("embeddings.LayerNorm")],
            attributes={"axis": 2, "epsilon": EPSILON},
        )

    def encode(self, name: str, hidden: str, mask: str) -> str:
        """Self-attention and the feed-forward step, each added to its input and normalised."""
        attended = self._attend(f"{name}.attention.self", hidden, mask)
        hidden = self._add_and_norm(f"{name}.attention.output", attended, hidden)
        wide = self._dense(f"{name}.intermediate.dense", hidden)
        bias = self._bias(f"{name}.intermediate.dense")
        active = self.graph.add("BiasGelu", [wide, bias], domain=CONTRIB)
        return self._add_and_norm(f"{name}.output", active, hidden)

    def pool(self, hidden: str) -> None:
        """The mean over the tokens that the mask keeps, divided by its length."""
        graph = self.graph
        kept = graph.add("Cast", ["attention_mask"], attributes={"to": FLOAT})
        kept = graph.add("Unsqueeze", [kept, "2"])
        total = graph.add(
            "ReduceSum", [graph.add("Mul", [hidden, kept]), "1"], attributes={"keepdims": 0}
        )
        # The mean is the sum over a count; the count falls out when the length is made 1.
        graph.add(
            "LpNormalization", [total], output="sentence_embedding", attributes={"axis": 1, "p": 2}
        )

    def _attend(self, name: str, hidden: str, mask: str) -> str:
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weights = np.hstack([self.weight(f"{part}.weight").T for part in parts])
        bias = self.graph.constant(
            f"{name}.bias", np.hstack([self.weight(f"{part}.bias") for part in parts])
        )
        if not self.in_bytes:
            inputs = [hidden, self.graph.constant(name, weights), bias, mask]
            return self._of_heads("Attention", inputs)
        joined = self._multiply(name, weights, hidden)
        sizes = self.graph.constant(f"{name}.sizes", np.full(3, DIMENSION, dtype=np.int64))
        split = self.graph.add_many("Split", [joined, sizes], outputs=3, attributes={"axis": 2})
        return self._of_heads("MultiHeadAttention", [*split, bias, mask])

    def _of_heads(self, op: str, inputs: list[str]) -> str:
        return self.graph.add(op, inputs, domain=CONTRIB, attributes={"num_heads": HEADS})

    def _add_and_norm(self, name: str, new: str, hidden: str) -> str:
        new = self._dense(f"{name}.dense", new)
        rest = [*self._norm(f"{name}.LayerNorm"), self._bias(f"{name}.dense")]
        return self.graph.add(
            "SkipLayerNormalization",
            [new, hidden, *rest],
            domain=CONTRIB,
            attributes={"epsilon": EPSILON},
        )

    def _dense(self, name: str, hidden: str) -> str:
        return self._multiply(name, self.weight(f"{name}.weight").T, hidden)

    def _multiply(self, name: str, weights: Weights, hidden: str) -> str:
        """Multiply by (inputs, outputs) weights."""
        graph = self.graph
        if not self.in_bytes:
            return graph.add("MatMul", [hidden, graph.constant(name, weights)])
        values, scales = in_blocks(np.ascontiguousarray(weights.T))
        inputs, outputs = weights.shape
        sizes = {"K": inputs, "N": outputs, "bits": 8, "block_size": BLOCK}
        return graph.add(
            "MatMulNBits",
            [hidden, graph.constant(name, values), graph.constant(f"{name}.scales", scales)],
            domain=CONTRIB,
            attributes={**sizes, "accuracy_level": _INTEGERS},
        )

    def _bias(self, name: str) -> str:
        return self.graph.constant(f"{name}.bias", self.weight(f"{name}.bias"))

    def _norm(self, name: str) -> tuple[str, str]:
        return (
            self.graph.constant(f"{name}.weight", self.weight(f"{name}.weight")),
            self.graph.constant(f"{name}.bias", self.weight(f"{name}.bias")),
        )
