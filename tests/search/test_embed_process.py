"""The server of the embedder process, asked by the real client; the model is the shipped fake."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from core.errors import Unavailable
from search.embed import EmbedderSpec, FakeEmbedder, Matrix, QueryVector, RefusedText
from search.embed_client import EmbedClient
from search.embed_process import embedder_server, serve_embedder
from search.embed_wire import Answer, Hello, Question, frame, pack_texts, read_frame

FAKE = EmbedderSpec("fake-bag-of-words", 384, 256)
ROOT = Path(__file__).parent.parent.parent


class SlowEmbedder(FakeEmbedder):
    """Hold documents until released, and remember what was cancelled."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.released = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        self.started.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return await super().embed_documents(texts)


class FailingEmbedder(FakeEmbedder):
    async def embed_query(self, text: str) -> QueryVector:
        raise Unavailable("quota used up", retry_after_s=7.5)

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        if "poison" in texts:
            raise RefusedText("no such text")
        raise ZeroDivisionError


@pytest.fixture
def socket_path():
    with TemporaryDirectory() as folder:  # tmp_path may be too long for a socket
        yield Path(folder, "embed.sock")


def patient(socket_path, spec=FAKE):
    return EmbedClient(socket_path, spec, query_timeout_s=60)


async def test_a_client_gets_what_the_embedder_would_have_answered(socket_path):
    texts = ["first words", "", "第二", "lone \ud800 surrogate"]
    async with embedder_server(FakeEmbedder(), socket_path):
        client = patient(socket_path)
        query, rows = await asyncio.gather(
            client.embed_query(texts[0]), client.embed_documents(texts)
        )
        await client.close()
    readable = [*texts[:3], "lone ? surrogate"]
    assert np.array_equal(rows, await FakeEmbedder().embed_documents(readable))
    assert np.array_equal(query.vector, rows[0])
    assert query.characters_per_piece == 4.3


async def test_a_query_is_answered_while_documents_wait(socket_path):
    slow = SlowEmbedder()
    async with embedder_server(slow, socket_path):
        client = patient(socket_path)
        documents = asyncio.create_task(client.embed_documents(["slow"]))
        await slow.started.wait()
        await client.embed_query("quick")
        assert not documents.done()
        slow.released.set()
        assert (await documents).shape == (1, 384)
        await client.close()


async def test_work_nobody_waits_for_any_more_is_dropped(socket_path):
    for leave in ("cancel", "close"):
        slow = SlowEmbedder()
        async with embedder_server(slow, socket_path):
            client = patient(socket_path)
            documents = asyncio.create_task(client.embed_documents(["slow"]))
            await slow.started.wait()
            documents.cancel()
            if leave == "close":
                await client.close()
            await asyncio.wait_for(slow.cancelled.wait(), 60)
            await client.close()


async def test_documents_beyond_the_room_are_told_when_to_come_back(socket_path):
    slow = SlowEmbedder()
    async with embedder_server(slow, socket_path, max_texts=3):
        client = patient(socket_path)
        first = asyncio.create_task(client.embed_documents(["a", "b"]))
        await slow.started.wait()
        with pytest.raises(Unavailable, match="enough to do") as refused:
            await client.embed_documents(["c", "d"])
        slow.released.set()
        await first
        assert (await client.embed_documents(["c", "d"])).shape == (2, 384)
        await client.close()
    assert refused.value.retry_after_s == 5


async def test_errors_reach_the_caller_as_what_they_are(socket_path):
    async with embedder_server(FailingEmbedder(), socket_path):
        client = patient(socket_path)
        with pytest.raises(Unavailable, match="quota used up") as limited:
            await client.embed_query("x")
        with pytest.raises(RefusedText, match="no such text"):
            await client.embed_documents(["fine", "poison"])
        with pytest.raises(Unavailable, match="its log says why"):
            await client.embed_documents(["bug"])
        await client.close()
    assert limited.value.retry_after_s == 7.5


async def test_the_socket_replaces_a_stale_one_is_private_and_goes_with_the_server(socket_path):
    socket_path.write_text("left behind")
    async with embedder_server(FakeEmbedder(), socket_path):
        mode = socket_path.stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o700)
    assert not socket_path.exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        (8).to_bytes(4, "little") + (0).to_bytes(4, "little") + b"not json",
        (9).to_bytes(4, "little") + (0).to_bytes(4, "little") + b'{"who":1}',
        frame(Question(1, "documents", [5]), b"four"),
    ],
)
async def test_a_client_that_speaks_nonsense_is_hung_up_on_and_others_are_not(
    socket_path, nonsense
):
    async with embedder_server(FakeEmbedder(), socket_path):
        client = patient(socket_path)
        await client.embed_query("before")
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frame(Hello(FAKE.model)))
        assert await read_frame(reader, EmbedderSpec) == (FAKE, b"")
        writer.write(nonsense)
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        await client.embed_query("after")
        await client.close()


async def test_each_connection_asks_the_model_that_it_names(socket_path):
    class Second(FakeEmbedder):
        model, dimension = "second", 2

        async def embed_documents(self, texts: Sequence[str]) -> Matrix:
            return np.eye(2, dtype=np.float32)[: len(texts)]

    second = Second()
    find = {"second": second}.get
    async with embedder_server(FakeEmbedder(), socket_path, others=find):
        clients = [patient(socket_path, spec) for spec in (FAKE, EmbedderSpec("second", 2, 9))]
        first, other = [await client.embed_documents(["a", "b"]) for client in clients]
        for client in clients:
            await client.close()
    assert np.array_equal(first, await FakeEmbedder().embed_documents(["a", "b"]))
    assert np.array_equal(other, np.eye(2))


async def test_who_does_not_say_which_model_is_hung_up_on(socket_path):
    async with embedder_server(FakeEmbedder(), socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(pack_texts(1, "query", ["x"]))
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_a_client_may_leave_without_its_answer(socket_path):
    slow = SlowEmbedder()
    async with embedder_server(slow, socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frame(Hello(FAKE.model)))
        await read_frame(reader, EmbedderSpec)
        writer.write(pack_texts(1, "documents", ["slow"]))
        await slow.started.wait()
        writer.transport.abort()
        await asyncio.wait_for(slow.cancelled.wait(), 60)


async def test_cancelling_what_was_answered_meanwhile_changes_nothing(socket_path):
    async with embedder_server(FakeEmbedder(), socket_path):
        reader, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(frame(Hello(FAKE.model)))
        await read_frame(reader, EmbedderSpec)
        writer.write(frame(Question(1, "cancel")) + pack_texts(2, "query", ["x"]))
        assert (await read_frame(reader, Answer))[0].number == 2
        writer.close()


async def test_a_signal_ends_serving(socket_path):
    serving = asyncio.create_task(serve_embedder(FakeEmbedder(), socket_path))
    client = patient(socket_path)
    await client.embed_documents(["waits for the start"])
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(serving, 60)
    assert not socket_path.exists()
    await client.close()


async def test_a_terminated_process_leaves_nothing_behind(socket_path):
    program = (
        "import asyncio, sys; from pathlib import Path; from search.embed import FakeEmbedder;"
        "from search.embed_process import serve_embedder;"
        "asyncio.run(serve_embedder(FakeEmbedder(), Path(sys.argv[1])))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(socket_path), cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    client = patient(socket_path)
    await client.embed_documents(["waits for the start"])
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 60) == 0
    assert not socket_path.exists()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await client.embed_query("gone")
    await client.close()
