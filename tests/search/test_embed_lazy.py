import asyncio
import threading

import numpy as np
import pytest

from core.errors import StartFailed, Unavailable
from search.embed import EmbedderSpec, FakeEmbedder
from search.embed_lazy import LazyEmbedder

FAKE = EmbedderSpec("fake-bag-of-words", 384, 256)


async def test_it_is_loaded_once_for_all_who_ask_first():
    loaded = []

    def load():
        loaded.append(1)
        return FakeEmbedder()

    lazy = LazyEmbedder(FAKE, load)
    assert loaded == []
    queries = await asyncio.gather(*(lazy.embed_query("a") for _ in range(5)))
    rows = await lazy.embed_documents(["a"])
    assert loaded == [1]
    assert all(np.array_equal(query.vector, rows[0]) for query in queries)


async def test_who_stops_waiting_does_not_end_the_loading():
    begin, loaded = threading.Event(), []

    def load():
        begin.wait(10)
        loaded.append(1)
        return FakeEmbedder()

    lazy = LazyEmbedder(FAKE, load)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lazy.embed_query("a")
    begin.set()
    await lazy.embed_query("a")
    assert loaded == [1]


async def test_a_failed_loading_is_said_and_tried_again():
    answers = [StartFailed("the package is not installed"), FakeEmbedder()]

    def load():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lazy = LazyEmbedder(FAKE, load)
    with pytest.raises(Unavailable, match="fake-bag-of-words could not be loaded: the package"):
        await lazy.embed_query("a")
    assert (await lazy.embed_query("a")).vector.shape == (384,)
