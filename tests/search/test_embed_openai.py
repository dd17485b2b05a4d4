"""The real SDK against a local server that speaks /v1/embeddings, with the faults that such servers have."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from core.errors import Unavailable
from search.embed import FLUENT, Embedder, RefusedText
from search.embed_openai import OpenAIEmbedder

Asked = dict[str, object]


@dataclass(frozen=True, slots=True)
class Reply:
    body: object
    status: int = 200
    headers: str = "Content-Type: application/json\r\n"
    delay_s: float = 0


@dataclass(slots=True)
class Vendor:
    embedder: Embedder
    requests: list[Asked] = field(default_factory=list)


@asynccontextmanager
async def vendor(
    answer: Callable[[Asked], Reply], *, timeout_s: float = 30, dimension: int = 384
) -> AsyncGenerator[Vendor]:
    """Lend an embedder of a server that answers each request by `answer`."""
    requests: list[Asked] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(head.split("content-length: ")[1].split("\r\n")[0])
        requests.append(json.loads(await reader.readexactly(size)))
        reply = answer(requests[-1])
        await asyncio.sleep(reply.delay_s)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        start = f"HTTP/1.1 {reply.status} X\r\n{reply.headers}Connection: close\r\n"
        writer.write(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    embedder = OpenAIEmbedder(
        "small", base_url=url, api_key="key", dimension=dimension, timeout_s=timeout_s
    )
    async with server:
        yield Vendor(embedder, requests)
    await embedder.close()


def texts_in(asked: Asked) -> int:
    texts = asked["input"]
    assert isinstance(texts, list)
    return len(texts)


def vectors(*rows: list[float]) -> Reply:
    """Answer in the reverse order, as the protocol allows: `index` tells."""
    data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Reply({"object": "list", "model": "small", "data": data[::-1], "usage": usage})


def error(status: int, message: str, headers: str = "") -> Reply:
    content_type = "Content-Type: application/json\r\n"
    return Reply({"error": {"message": message}}, status, content_type + headers)


async def test_rows_are_normalised_padded_and_in_the_order_of_the_texts():
    async with vendor(lambda _: vectors([3, 4], [0, 2])) as small:
        rows = await small.embedder.embed_documents(["a", "b"])
    expected = np.zeros((2, 384), dtype=np.float32)
    expected[0, :2] = [0.6, 0.8]
    expected[1, 1] = 1
    assert np.array_equal(rows, expected)
    assert small.embedder.model == "openai:small"
    assert small.requests == [
        {"model": "small", "input": ["a", "b"], "dimensions": 384, "encoding_format": "float"}
    ]


async def test_another_dimension_is_asked_for_and_part_of_the_models_name():
    async with vendor(lambda _: vectors([3, 4]), dimension=2) as small:
        rows = await small.embedder.embed_documents(["a"])
    assert np.allclose(rows, [[0.6, 0.8]])
    assert (small.embedder.model, small.embedder.dimension) == ("openai:small@2", 2)
    assert small.requests[0]["dimensions"] == 2


async def test_a_query_counts_as_read_with_full_trust():
    async with vendor(lambda _: vectors([1.0] * 384)) as small:
        query = await small.embedder.embed_query("was ist das?")
    assert query.characters_per_piece == FLUENT
    assert query.vector.shape == (384,)


async def test_many_texts_go_in_several_requests_and_none_in_no_request():
    async with vendor(lambda asked: vectors(*[[1.0]] * texts_in(asked))) as small:
        assert (await small.embedder.embed_documents(["x"] * 130)).shape == (130, 384)
        assert (await small.embedder.embed_documents([])).shape == (0, 384)
    assert [texts_in(asked) for asked in small.requests] == [64, 64, 2]


async def test_a_model_without_a_choice_of_dimensions_is_asked_without_from_then_on():
    def answer(asked: Asked) -> Reply:
        if "dimensions" in asked:
            return error(400, "This model does not support specifying dimensions.")
        return vectors([1.0])

    async with vendor(answer) as small:
        await small.embedder.embed_query("a")
        await small.embedder.embed_query("b")
    assert [(asked["input"], "dimensions" in asked) for asked in small.requests] == [
        (["a"], True),
        (["a"], False),
        (["b"], False),
    ]


async def test_longer_vectors_are_refused_in_words():
    async with vendor(lambda _: vectors([1.0] * 1536)) as small:
        with pytest.raises(
            Unavailable, match="1536 dimensions, its generation holds 384: set EMBEDDER"
        ):
            await small.embedder.embed_query("a")


@pytest.mark.parametrize(("headers", "retry_after_s"), [("Retry-After: 7\r\n", 7), ("", 20)])
async def test_too_many_requests_say_when_to_come_back(headers, retry_after_s):
    async with vendor(lambda _: error(429, "slow down", headers)) as small:
        with pytest.raises(Unavailable, match="too many requests") as limited:
            await small.embedder.embed_query("a")
    assert limited.value.retry_after_s == retry_after_s
    assert len(small.requests) == 1


async def test_a_date_to_come_back_at_is_obeyed_and_by_who_is_overloaded_too():
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    async with vendor(lambda _: error(503, "full", f"Retry-After: {soon}\r\n")) as small:
        with pytest.raises(Unavailable, match="answered 503") as overloaded:
            await small.embedder.embed_query("a")
    assert 300 < (overloaded.value.retry_after_s or 0) <= 600


@pytest.mark.parametrize(
    ("asked", "wait_s"), [("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", 20), ("", 20)]
)
async def test_a_date_that_is_over_or_no_date_is_no_reason_to_wait_long(asked, wait_s):
    async with vendor(lambda _: error(429, "slow down", f"Retry-After: {asked}\r\n")) as small:
        with pytest.raises(Unavailable) as limited:
            await small.embedder.embed_query("a")
    assert limited.value.retry_after_s == wait_s


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_refused_texts_are_told_apart_so_that_a_batch_can_be_split(status):
    async with vendor(lambda _: error(status, "maximum context length")) as small:
        with pytest.raises(RefusedText, match=r"refused 2 texts: .*maximum context length"):
            await small.embedder.embed_documents(["a", "b"])


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
async def test_what_an_operator_can_mend_is_unavailable(status):
    async with vendor(lambda _: error(status, "no")) as small:
        with pytest.raises(Unavailable, match=f"answered {status}: .*no"):
            await small.embedder.embed_query("a")
    assert len(small.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"{not json"),
        Reply(b"<html>a proxy</html>", headers="Content-Type: text/html\r\n"),
        Reply({"data": []}),
        Reply({"object": "list"}),
        Reply({"data": [{"index": 0, "embedding": "QUJD"}]}),
        Reply({"data": [{"index": 0, "embedding": None}]}),
        Reply({"data": [{"index": 0, "embedding": ["a"]}]}),
        Reply(b'{"data": [{"index": 0, "embedding": [NaN]}]}'),
        vectors([1.0], [1.0]),
        vectors([]),
    ],
    ids=str,
)
async def test_an_answer_that_cannot_be_used_is_unavailable(reply):
    async with vendor(lambda _: reply) as small:
        with pytest.raises(Unavailable):
            await small.embedder.embed_query("a")


async def test_uneven_vectors_are_unavailable():
    async with vendor(lambda _: vectors([1.0], [1.0, 2.0])) as small:
        with pytest.raises(Unavailable, match="something else than vectors"):
            await small.embedder.embed_documents(["a", "b"])


async def test_a_slow_server_is_unavailable():
    async with vendor(lambda _: Reply({}, delay_s=2), timeout_s=0.1) as small:
        with pytest.raises(Unavailable, match="cannot be reached: Request timed out"):
            await small.embedder.embed_query("a")


async def test_a_server_that_is_away_is_unavailable():
    async with vendor(lambda _: vectors([1.0])) as small:
        pass
    embedder = OpenAIEmbedder("small", base_url="http://127.0.0.1:9/v1", api_key="key")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await embedder.embed_query("a")
    await embedder.close()
    assert small.requests == []
