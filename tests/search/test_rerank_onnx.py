import pytest

from core.errors import StartFailed
from search.rerank_onnx import MAX_TOKENS, OnnxReranker
from tests.search.tiny_cross_encoder import write_cross_encoder

WEIGHTS = {"good": 2.0, "fair": 1.0, "bad": -1.0}


@pytest.fixture(params=[1, 2], ids=["one logit", "no and yes"])
def reranker(request, tmp_path):
    reranker = OnnxReranker(write_cross_encoder(tmp_path, WEIGHTS, logits=request.param))
    yield reranker
    reranker.close()


async def test_each_passage_is_read_with_the_query_whatever_its_batch(reranker):
    passages = ["good " * n + "x " * (7 * n) for n in range(20)] + ["bad", "fair good", ""]
    scores = await reranker.score("good question", passages)
    assert scores == [2.0 * n for n in range(20)] + [-1.0, 3.0, 0.0]
    assert await reranker.score("x", []) == []


async def test_a_long_passage_is_cut_and_a_long_query_leaves_room_for_it(reranker):
    assert await reranker.score("x", ["good " * 2 * MAX_TOKENS]) == [2.0 * (MAX_TOKENS - 4)]
    assert await reranker.score("x " * 2 * MAX_TOKENS, ["bad"]) == [-1.0]


def test_a_folder_without_a_cross_encoder_is_said_with_the_remedy(tmp_path, model_dir):
    with pytest.raises(StartFailed, match=r"has no model\.onnx: name a folder"):
        OnnxReranker(tmp_path)
    write_cross_encoder(tmp_path, WEIGHTS)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(StartFailed, match="cannot be loaded"):
        OnnxReranker(tmp_path)
    (tmp_path / "model.onnx").unlink()
    (tmp_path / "model.onnx").symlink_to(model_dir / "model.onnx")
    with pytest.raises(StartFailed, match="is no cross-encoder"):
        OnnxReranker(tmp_path)
