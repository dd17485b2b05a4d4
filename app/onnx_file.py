"""Write an ONNX model without the `onnx` package: its protobuf messages by hand, only the fields that a graph needs.

Field numbers are those of onnx.proto (ONNX 1.x, IR version 8). The same graph gives the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IR_VERSION = 8
OPSET = 17  # LayerNormalization
CONTRIB = "com.microsoft"  # onnxruntime's fused operators
FLOAT, UINT8, INT32, INT64, FLOAT16 = 1, 2, 6, 7, 10  # TensorProto.DataType
_DATA_TYPES = {"float32": FLOAT, "uint8": UINT8, "int64": INT64, "float16": FLOAT16}
Tensor = NDArray[np.float32] | NDArray[np.int64] | NDArray[np.uint8] | NDArray[np.float16]
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT = 1, 2  # AttributeProto.AttributeType
Attribute = float | int


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph under construction: each call of `add` appends a node and names its output."""

    nodes: list[bytes] = field(default_factory=list[bytes])
    tensors: list[bytes] = field(default_factory=list[bytes])

    def constant(self, name: str, values: Tensor) -> str:
        """Store `values` under `name`; nodes use the name as an input."""
        data_type = _DATA_TYPES[values.dtype.name]
        dims = b"".join(_int(1, size) for size in values.shape)
        raw = np.ascontiguousarray(values).tobytes()
        self.tensors.append(dims + _int(2, data_type) + _bytes(8, name.encode()) + _bytes(9, raw))
        return name

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        *,
        output: str = "",
        domain: str = "",
        attributes: Mapping[str, Attribute] | None = None,
    ) -> str:
        """Append a node and return the name of its one output, made up unless given."""
        output = output or f"{op}_{len(self.nodes)}"
        self._append(op, inputs, [output], domain=domain, attributes=attributes or {})
        return output

    def add_many(
        self, op: str, inputs: Sequence[str], *, outputs: int, attributes: Mapping[str, Attribute]
    ) -> list[str]:
        """Append a node of that many outputs and return their names."""
        names = [f"{op}_{len(self.nodes)}.{number}" for number in range(outputs)]
        self._append(op, inputs, names, domain="", attributes=attributes)
        return names

    def _append(
        self,
        op: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        domain: str,
        attributes: Mapping[str, Attribute],
    ) -> None:
        self.nodes.append(
            b"".join(_bytes(1, name.encode()) for name in inputs)
            + b"".join(_bytes(2, name.encode()) for name in outputs)
            + _bytes(4, op.encode())
            + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())
            + _bytes(7, domain.encode())
        )


def model_bytes(
    graph: Graph,
    *,
    inputs: Mapping[str, Sequence[str | int]],
    outputs: Mapping[str, Sequence[str | int]],
) -> bytes:
    """Return the file: int64 `inputs` and float `outputs`, each with its shape; a name in a shape is a free dimension."""
    body = (
        b"".join(_bytes(1, node) for node in graph.nodes)
        + _bytes(2, b"graph")
        + b"".join(_bytes(5, tensor) for tensor in graph.tensors)
        + b"".join(_bytes(11, _value(name, INT64, shape)) for name, shape in inputs.items())
        + b"".join(_bytes(12, _value(name, FLOAT, shape)) for name, shape in outputs.items())
    )
    opsets = [_int(2, OPSET), _bytes(1, CONTRIB.encode()) + _int(2, 1)]
    return (
        _int(1, IR_VERSION)
        + _bytes(2, b"recollect")
        + _bytes(7, body)
        + b"".join(_bytes(8, opset) for opset in opsets)
    )


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        typed = _key(2, 5) + np.float32(value).tobytes() + _int(20, _ATTRIBUTE_FLOAT)
    else:
        typed = _int(3, value) + _int(20, _ATTRIBUTE_INT)
    return _bytes(1, name.encode()) + typed


def _value(name: str, data_type: int, shape: Iterable[str | int]) -> bytes:
    dims = b"".join(_bytes(1, _dimension(size)) for size in shape)
    tensor_type = _int(1, data_type) + _bytes(2, dims)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor_type))


def _dimension(size: str | int) -> bytes:
    return _bytes(2, size.encode()) if isinstance(size, str) else _int(1, size)


def _int(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value)


def _bytes(number: int, content: bytes) -> bytes:
    return _key(number, 2) + _varint(len(content)) + content


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
