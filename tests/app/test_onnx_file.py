import numpy as np
import onnxruntime

from app.onnx_file import Graph, model_bytes


def doubled() -> bytes:
    graph = Graph()
    table = graph.constant("table", np.array([[1, 2], [3, 4]], dtype=np.float32))
    rows = graph.add("Gather", [table, "ids"])
    graph.add("LpNormalization", [rows], output="out", attributes={"axis": 1, "p": 1})
    return model_bytes(graph, inputs={"ids": ("n",)}, outputs={"out": ("n", 2)})


def test_the_file_is_one_that_onnxruntime_runs():
    session = onnxruntime.InferenceSession(doubled())
    [out] = session.run(None, {"ids": np.array([1, 0, 1])})
    np.testing.assert_allclose(
        np.asarray(out), [[3 / 7, 4 / 7], [1 / 3, 2 / 3], [3 / 7, 4 / 7]], rtol=1e-6
    )
    [free, fixed] = [session.get_inputs()[0].shape, session.get_outputs()[0].shape]
    assert (free, fixed) == (["n"], ["n", 2])


def test_the_same_graph_gives_the_same_bytes():
    assert doubled() == doubled()


def test_a_float_attribute_and_a_fused_operator_arrive():
    graph = Graph()
    scale, bias = (
        graph.constant(name, np.full(2, value, dtype=np.float32))
        for name, value in (("s", 1), ("b", 0))
    )
    hidden = graph.add("Cast", ["x"], attributes={"to": 1})
    active = graph.add("BiasGelu", [hidden, bias], domain="com.microsoft")
    graph.add(
        "LayerNormalization",
        [active, scale, bias],
        output="out",
        attributes={"axis": 1, "epsilon": 1e6},
    )
    session = onnxruntime.InferenceSession(
        model_bytes(graph, inputs={"x": (1, 2)}, outputs={"out": (1, 2)})
    )
    [out] = session.run(None, {"x": np.array([[0, 100]])})
    np.testing.assert_allclose(
        np.asarray(out), [[-50 / np.sqrt(2500 + 1e6), 50 / np.sqrt(2500 + 1e6)]], rtol=1e-4
    )


def test_a_node_of_several_outputs_gives_each_a_name():
    graph = Graph()
    sizes = graph.constant("sizes", np.array([1, 2]))
    first, second = graph.add_many("Split", ["x", sizes], outputs=2, attributes={"axis": 1})
    graph.add("Cast", [second], output="out", attributes={"to": 1})
    session = onnxruntime.InferenceSession(
        model_bytes(graph, inputs={"x": (1, 3)}, outputs={"out": (1, 2)})
    )
    [out] = session.run(None, {"x": np.array([[5, 6, 7]])})
    assert first != second
    np.testing.assert_array_equal(np.asarray(out), [[6, 7]])
