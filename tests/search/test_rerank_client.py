import asyncio

import pytest

from core.errors import Unavailable
from search.rerank_client import RerankClient
from search.rerank_onnx import OnnxReranker
from search.rerank_process import SCORES, Scores, message, reranker_server
from tests.search.tiny_cross_encoder import write_cross_encoder


async def test_the_scores_of_the_model_come_over_the_socket(tmp_path):
    model = OnnxReranker(write_cross_encoder(tmp_path / "model", {"good": 2.0}))
    async with reranker_server(model, tmp_path / "s"):
        client = RerankClient(tmp_path / "s")
        asked = [client.score("\ud800 x", ["good " * n, "\udfff"]) for n in range(5)]
        assert await asyncio.gather(*asked) == [[2.0 * n, 0.0] for n in range(5)]
    model.close()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await client.score("x", ["good"])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (message(SCORES, Scores(problem="no model")), "no model"),
        (message(SCORES, Scores((1.0,))), "other passages"),
        (b"\x02\x00\x00\x00[]", "went away"),
        (b"\xff\xff\xff\xff", "went away"),
        (b"\x02\x00", "went away"),
    ],
)
async def test_an_answer_that_is_none_is_unavailable(tmp_path, answer, says):
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(reply, tmp_path / "s"):
        with pytest.raises(Unavailable, match=says):
            await RerankClient(tmp_path / "s").score("x", ["a", "b"])
