import asyncio
from collections.abc import Sequence

import pytest

from core.errors import Unavailable
from search.rerank_client import RerankClient
from search.rerank_process import reranker_server


class Waiting:
    """A model that is never done, and knows whether it was told to stop."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.stopped = asyncio.Event()

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()
        return []


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        raise self.error


async def test_who_stops_waiting_ends_the_work(tmp_path):
    model = Waiting()
    async with reranker_server(model, tmp_path / "s"):
        asking = asyncio.create_task(RerankClient(tmp_path / "s").score("x", ["a"]))
        await model.began.wait()
        asking.cancel()
        await model.stopped.wait()
    assert not (tmp_path / "s").exists()


async def test_a_question_under_way_ends_with_the_server(tmp_path):
    model = Waiting()
    async with reranker_server(model, tmp_path / "s"):
        asking = asyncio.create_task(RerankClient(tmp_path / "s").score("x", ["a"]))
        await model.began.wait()
    with pytest.raises(Unavailable, match="went away"):
        await asking
    assert model.stopped.is_set()


@pytest.mark.parametrize(
    ("error", "says"),
    [(Unavailable("still loading"), "still loading"), (ValueError("a bug"), "its log says why")],
)
async def test_a_failure_is_told_and_the_next_question_is_served(tmp_path, error, says):
    (tmp_path / "s").write_text("left by a process that died")
    async with reranker_server(Failing(error), tmp_path / "s"):
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
        for _ in range(2):
            with pytest.raises(Unavailable, match=says):
                await RerankClient(tmp_path / "s").score("x", ["a"])


async def test_what_is_no_question_is_hung_up_on(tmp_path):
    async with reranker_server(Failing(ValueError()), tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
