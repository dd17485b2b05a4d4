"""The converted models against published similarities and against an independent forward pass in numpy."""

import math

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from app.bert_graph import BLOCK, in_blocks
from app.e5_file import E5File
from app.model_files import _weights_file
from app.model_recipes import E5, MINILM, safetensors
from search.unigram import Unigram

# all-MiniLM-L6-v2's own example in the documentation of sentence-transformers ("Quickstart").
WEATHER = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
SIMILARITIES = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]


@pytest.fixture(scope="module")
def embed(model_dir):
    return embed_by(model_dir, "model.onnx")


@pytest.fixture(scope="module")
def embed_in_bytes(model_dir):
    return embed_by(model_dir, "query.onnx")


def embed_by(model_dir, file):
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    session = onnxruntime.InferenceSession(model_dir / file)

    def run(*texts):
        encoded = tokenizer.encode_batch(list(texts))
        ids, mask = (
            np.array([getattr(one, name) for one in encoded]) for name in ("ids", "attention_mask")
        )
        return session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    return run


def test_the_published_similarities_come_out(embed):
    vectors = embed(*WEATHER)
    np.testing.assert_allclose(vectors @ vectors.T, SIMILARITIES, atol=5e-5)


def test_a_vector_does_not_depend_on_what_it_is_batched_with(embed):
    together = embed(*WEATHER, "padding " * 300)
    np.testing.assert_allclose(
        together[:3], np.vstack([embed(text) for text in WEATHER]), atol=1e-6
    )
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_in_bytes_a_vector_stays_beside_that_of_the_floats_whatever_its_batch(
    embed, embed_in_bytes
):
    texts = (*WEATHER, "Two witnesses signed the contract in Zürich.", "padding " * 300)
    together = embed_in_bytes(*texts)
    assert np.sum(together * embed(*texts), axis=1).min() > 0.996
    np.testing.assert_allclose(
        together[:4], np.vstack([embed_in_bytes(text) for text in texts[:4]]), atol=1e-5
    )


def test_blocks_of_bytes_give_the_rows_back_within_half_a_step():
    rows = np.random.default_rng(7).normal(size=(3, 256)).astype(np.float32)
    rows[1, :BLOCK] = 0
    values, scales = in_blocks(rows)
    assert (values.shape, values.dtype, scales.shape) == (
        (3, 256 // BLOCK, BLOCK),
        np.uint8,
        (3, 256 // BLOCK),
    )
    back = (values.astype(np.float32) - 128) * scales[:, :, None]
    assert np.all(
        np.abs(back.reshape(rows.shape) - rows) <= np.repeat(scales, BLOCK, axis=1) / 1.99
    )


def test_it_agrees_with_a_forward_pass_written_out(embed, model_dir):
    text = "Two witnesses signed the contract in Zürich."
    ids = Tokenizer.from_file(str(model_dir / "tokenizer.json")).encode(text).ids
    weight = safetensors(_weights_file(MINILM).read_bytes())
    words = weight("embeddings.word_embeddings.weight")[ids]
    cosine = float(embed(text)[0] @ forward(weight, words, layers=6))
    assert cosine == pytest.approx(1, abs=1e-5)


def test_the_multilingual_one_agrees_too_though_its_word_table_is_packed(e5_dir):
    ids = Unigram(e5_dir / "vocabulary.json").encode("passage: Zwei Zeugen, 两名证人.", most=512)
    read = E5File(_weights_file(E5).read_bytes())
    table = read.words()
    words = np.empty((len(ids), 384))
    words[:, 0::2], words[:, 1::2] = table.halves[ids] & 15, table.halves[ids] >> 4
    words = (words - 8) * np.repeat(table.scales[ids].astype(np.float64), 32, axis=1)
    session = onnxruntime.InferenceSession(e5_dir / "model.onnx")
    asked = np.array([ids])
    [vectors] = session.run(None, {"input_ids": asked, "attention_mask": np.ones_like(asked)})
    cosine = float(np.asarray(vectors)[0] @ forward(read.weight, words, layers=12))
    assert cosine == pytest.approx(1, abs=1e-5)


def forward(weight, words, *, layers):
    """BERT as its paper has it (Devlin et al. 2018), in float64, one text, no mask needed."""

    def linear(x, name):
        return x @ weight(f"{name}.weight").astype(np.float64).T + weight(f"{name}.bias")

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * weight(
            f"{name}.weight"
        ) + weight(f"{name}.bias")

    count = len(words)
    places = weight("embeddings.position_embeddings.weight")[:count]
    x = norm(
        words.astype(np.float64) + places + weight("embeddings.token_type_embeddings.weight")[0],
        "embeddings.LayerNorm",
    )
    erf = np.vectorize(math.erf)
    for layer in (f"encoder.layer.{number}" for number in range(layers)):
        parts = [
            linear(x, f"{layer}.attention.self.{part}").reshape(count, 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        ]
        scores = np.exp(parts[0] @ parts[1].transpose(0, 2, 1) / math.sqrt(32))
        attended = (scores / scores.sum(-1, keepdims=True)) @ parts[2]
        joined = attended.transpose(1, 0, 2).reshape(count, 384)
        x = norm(
            x + linear(joined, f"{layer}.attention.output.dense"),
            f"{layer}.attention.output.LayerNorm",
        )
        wide = linear(x, f"{layer}.intermediate.dense")
        active = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        x = norm(x + linear(active, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)
