"""The extra, without its 3 GB: a stand-in package of the same shape is imported in its place."""

import sys
from importlib.util import find_spec

import pytest

from core.errors import StartFailed
from search.rerank_st import SentenceTransformersReranker

PACKAGE = """
import numpy as np

class CrossEncoder:
    def __init__(self, name, device):
        assert (name, device) == ("tiny", "cpu")

    def predict(self, sentences, *, show_progress_bar):
        assert not show_progress_bar
        assert 0 < len(sentences) <= 8
        return np.array([len(query) + len(passage) for query, passage in sentences], dtype=np.float32)
"""


async def test_each_pair_has_its_score_in_the_order_given(tmp_path, monkeypatch):
    (tmp_path / "sentence_transformers.py").write_text(PACKAGE)
    monkeypatch.delitem(sys.modules, "sentence_transformers", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    reranker = SentenceTransformersReranker("tiny")
    try:
        scores = await reranker.score("ab", ["x" * n for n in (9, 1, 5, 2, 8, 3, 7, 4, 6, 0)])
    finally:
        reranker.close()
        sys.modules.pop("sentence_transformers", None)
    assert scores == [11, 3, 7, 4, 10, 5, 9, 6, 8, 2]


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_without_the_extra_the_remedy_is_said():
    with pytest.raises(StartFailed, match="make models-extra"):
        SentenceTransformersReranker("tiny")
