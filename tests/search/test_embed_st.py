"""The extra, without its 3 GB: a stand-in package of the same shape is imported in its place."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from core.errors import Unavailable
from search.embed import FLUENT, unit_length
from search.embed_st import SentenceTransformersEmbedder, SentenceTransformersMissing

PACKAGE = """
import numpy as np

class SentenceTransformer:
    def __init__(self, name, device):
        assert device == "cpu"
        self.max_seq_length = 256 if name == "short" else None
        self.width = 500 if name == "wide" else 3

    def encode_query(self, sentences, *, show_progress_bar):
        return self.encode_document(["?" + text for text in sentences], show_progress_bar=False)

    def encode_document(self, sentences, *, show_progress_bar):
        assert not show_progress_bar
        assert 0 < len(sentences) <= 8
        rows = [[len(text), text.count("?"), 1] + [0] * (self.width - 3) for text in sentences]
        return np.array(rows, dtype=np.float32)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "sentence_transformers.py").write_text(PACKAGE)
    monkeypatch.delitem(sys.modules, "sentence_transformers", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("sentence_transformers", None)


def expected(*rows: tuple[int, int]):
    short = unit_length(np.array([[length, marks, 1] for length, marks in rows], dtype=np.float32))
    return np.pad(short, [(0, 0), (0, 381)])


async def test_rows_are_normalised_padded_and_in_the_order_of_the_texts(package):
    embedder = SentenceTransformersEmbedder("short")
    texts = ["x" * length for length in (5, 1, 30, 2, 9, 8, 7, 6, 4, 3)]
    rows = await embedder.embed_documents(texts)
    embedder.close()
    assert np.array_equal(rows, expected(*[(len(text), 0) for text in texts]))
    assert (embedder.model, embedder.dimension, embedder.max_tokens) == ("st:short", 384, 256)


async def test_a_query_uses_the_prompt_of_queries_and_counts_as_read_with_full_trust(package):
    embedder = SentenceTransformersEmbedder("other")
    query = await embedder.embed_query("a\ud800b")
    embedder.close()
    assert np.array_equal(query.vector, expected((4, 2))[0])
    assert query.characters_per_piece == FLUENT
    assert embedder.max_tokens == 512


async def test_longer_vectors_are_refused_in_words(package):
    embedder = SentenceTransformersEmbedder("wide")
    with pytest.raises(Unavailable, match="500 dimensions, its generation holds 384"):
        await embedder.embed_query("a")
    embedder.close()


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_without_the_extra_the_remedy_is_named():
    with pytest.raises(SentenceTransformersMissing, match="run `make models-extra`"):
        SentenceTransformersEmbedder("any")
