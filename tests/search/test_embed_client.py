"""The client of the embedder process when things go wrong: late, away, restarted, another model."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from core.errors import Unavailable
from search.embed import EmbedderSpec, FakeEmbedder, QueryVector
from search.embed_client import SLICE, EmbedClient
from search.embed_process import embedder_server
from search.embed_wire import Answer, Hello, Question, frame, read_frame

FAKE = EmbedderSpec("fake-bag-of-words", 384, 256)


class StuckEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        self.stuck = asyncio.Event()

    async def embed_query(self, text: str) -> QueryVector:
        if text == "stuck":
            self.stuck.set()
            await asyncio.Event().wait()
        return await super().embed_query(text)


@pytest.fixture
def socket_path():
    with TemporaryDirectory() as folder:  # tmp_path may be too long for a socket
        yield Path(folder, "embed.sock")


async def test_a_late_answer_is_unavailable_and_the_connection_goes_on(socket_path):
    async with embedder_server(StuckEmbedder(), socket_path):
        client = EmbedClient(socket_path, FAKE, query_timeout_s=0.1)
        with pytest.raises(Unavailable, match=r"within 0\.1 s"):
            await client.embed_query("stuck")
        client._query_timeout_s = 60
        await client.embed_query("fine")
        await client.close()


async def test_a_caller_may_leave_in_the_moment_the_connection_ends(socket_path):
    stuck = StuckEmbedder()
    async with embedder_server(stuck, socket_path):
        client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
        query = asyncio.create_task(client.embed_query("stuck"))
        await stuck.stuck.wait()
        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        query.cancel()
        with pytest.raises(asyncio.CancelledError):
            await query
        await closing


async def test_a_query_without_a_process_fails_at_once(socket_path):
    client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await client.embed_query("x")
    await client.close()


async def test_documents_without_a_process_wait_for_it_but_not_for_ever(socket_path):
    client = EmbedClient(socket_path, FAKE, documents_timeout_s=0.3)
    with pytest.raises(Unavailable, match=r"within 0\.3 s"):
        await client.embed_documents(["x"])
    patient = EmbedClient(socket_path, FAKE, documents_timeout_s=30)
    waiting = asyncio.create_task(patient.embed_documents(["x"]))
    await asyncio.sleep(0.05)
    async with embedder_server(FakeEmbedder(), socket_path):
        assert (await waiting).shape == (1, 384)
        assert (await patient.embed_documents([])).shape == (0, 384)
        await patient.close()


async def test_a_restarted_process_is_found_again(socket_path):
    client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
    for _ in range(2):
        async with embedder_server(FakeEmbedder(), socket_path):
            await client.embed_query("x")
            await client.embed_documents(["y"])
    await client.close()


async def test_documents_lost_with_the_process_are_asked_for_once_more(socket_path):
    asked: list[int] = []

    async def die_when_asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await read_frame(reader, Hello))[0] == Hello(FAKE.model)
        writer.write(frame(FAKE))
        question, _ = await read_frame(reader, Question)
        asked.append(question.number)
        writer.close()

    client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
    async with await asyncio.start_unix_server(die_when_asked, socket_path):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await client.embed_documents(["the text that ends every process"])
        assert asked == [1, 1]
    await client.close()


async def test_more_texts_than_a_slice_come_back_in_order(socket_path):
    texts = [f"text number {number}" for number in range(2 * SLICE + 3)]
    async with embedder_server(FakeEmbedder(), socket_path, max_texts=SLICE):
        client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
        rows = await client.embed_documents(texts)
        await client.close()
    assert np.array_equal(rows, await FakeEmbedder().embed_documents(texts))


async def test_many_questions_share_one_connection(socket_path):
    async with embedder_server(FakeEmbedder(), socket_path):
        client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
        texts = [f"question {number}" for number in range(100)]
        answers = await asyncio.gather(*map(client.embed_query, texts))
        await client.close()
    expected = await FakeEmbedder().embed_documents(texts)
    assert np.array_equal(np.stack([answer.vector for answer in answers]), expected)


async def test_another_model_than_expected_is_refused(socket_path):
    async with embedder_server(FakeEmbedder(), socket_path):
        client = EmbedClient(
            socket_path, EmbedderSpec("all-MiniLM-L6-v2", 384, 256), query_timeout_s=60
        )
        with pytest.raises(Unavailable, match=r"serves .*fake-bag-of-words.*restart both"):
            await client.embed_query("x")
        await client.close()


async def test_a_server_that_does_not_greet_is_unavailable(socket_path):
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    client = EmbedClient(socket_path, FAKE, query_timeout_s=0.1)
    async with await asyncio.start_unix_server(stay_silent, socket_path):
        with pytest.raises(Unavailable, match=r"within 0\.1 s"):
            await client.embed_query("x")
    await client.close()


async def test_answers_nobody_waits_for_are_ignored_and_the_last_before_the_end_is_not(socket_path):
    async def answer_thrice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await read_frame(reader, Hello))[0] == Hello(FAKE.model)
        writer.write(frame(FAKE))
        question, _ = await read_frame(reader, Question)
        row = np.ones(384, dtype="<f4").tobytes()
        for number in (99, question.number, question.number):
            writer.write(frame(Answer(number, "done", characters_per_piece=4.0), row))
        writer.close()

    client = EmbedClient(socket_path, FAKE, query_timeout_s=60)
    async with await asyncio.start_unix_server(answer_thrice, socket_path):
        assert (await client.embed_query("x")).characters_per_piece == 4.0
        await client.close()
