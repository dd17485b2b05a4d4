import asyncio
import random
from contextlib import aclosing
from functools import partial

import httpx2
import pytest

from llm.anthropic import AnthropicChat
from llm.chat import ChatMessage, Delta, Finish, Image, ModelRefused, ModelUnavailable, Unseen
from llm.openai import OpenAIChat
from llm.openai_responses import ResponsesChat
from llm.upstream import Limits
from llm.vendor import by_status, follow, in_our_words
from tests.llm.vendor_server import Reply, collect, vendor_server

PATIENT = Limits(connect_s=30, between_chunks_s=60, total_s=90, backoff_s=0.01)
ASKED = [ChatMessage("user", "why?")]
CLIENTS = pytest.mark.parametrize("client", [OpenAIChat, ResponsesChat, AnthropicChat])


def chat(client, base_url):
    url = base_url if client is AnthropicChat else f"{base_url}/v1"
    return client("fake", api_key="sk-secret", base_url=url, limits=PATIENT, rng=random.Random(1))


@CLIENTS
async def test_an_absent_server_is_unavailable(client):
    model = chat(client, "http://127.0.0.1:9")
    seen = await collect(model.stream(ASKED, max_tokens=9))
    await model.aclose()
    assert seen == ([], "The model's server cannot be reached.")


@CLIENTS
async def test_a_long_retry_after_is_handed_on(client):
    async with vendor_server(Reply(fault="rate_limit", retry_after="120")) as vendor:
        model = chat(client, vendor.base_url)
        with pytest.raises(ModelUnavailable) as caught:
            await anext(model.stream(ASKED, max_tokens=9))
        await model.aclose()
    assert (caught.value.retry_after_s, len(vendor.requests)) == (120, 1)


@CLIENTS
async def test_stopping_closes_the_vendors_connection_at_once(client):
    async with vendor_server(Reply(fault="stall")) as vendor:
        model = chat(client, vendor.base_url)
        async with aclosing(model.stream(ASKED, max_tokens=9)) as events:
            async for event in events:
                if event == Delta("Hello"):
                    break
        async with asyncio.timeout(30):  # of the model, only aclose() would close it later
            await vendor.client_left.wait()
        await model.aclose()


@CLIENTS
async def test_a_server_that_refuses_images_is_asked_again_without_them(client):
    message = ChatMessage("user", "Who?", images=(Image("image/gif", b"GIF89a"),))
    async with vendor_server(Reply(fault="bad_request"), Reply(), Reply()) as vendor:
        model = chat(client, vendor.base_url)
        first = await collect(model.stream([message], max_tokens=9))
        second = await collect(model.stream([message], max_tokens=9))
        await model.aclose()
    assert (first[0][0], first[0][1:], first[1]) == (Unseen(), *second)
    asked = ["R0lGODlh" in str(request) for request in vendor.requests]
    told = ["None of the images can be shown" in str(request) for request in vendor.requests]
    assert (asked, told) == ([True, False, True], [False, True, False])


class SdkError(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (SdkError("key sk-secret"), "no"),
        (httpx2.ReadError("reset"), "lost"),
        (KeyError("choices"), None),
        (RecursionError(), "The model sent a malformed event."),
    ],
)
def test_errors_become_ours_and_a_bug_stays_one(raised, message):
    translate = partial(in_our_words, SdkError, lambda _, __: ModelRefused("no"), lost="lost")
    with pytest.raises(Exception) as caught, translate():  # noqa: PT011  (any; looked at below)
        raise raised
    assert getattr(caught.value, "message", None) == message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (200, "The model's server said so."),
        (404, "The model's server refused the request (404)."),
        (429, "The model's server said so."),
        (503, "The model's server said so."),
    ],
)
def test_a_status_says_whether_asking_again_may_help(status, message):
    assert by_status(httpx2.Response(status), said="said so").message == message


async def test_each_event_is_read_in_order():
    async def raw():
        yield "a"
        yield "b"

    read = {"a": [Delta("1"), Delta("2")], "b": [Finish("stop")]}.__getitem__
    events = [event async for event in follow(raw(), read)]
    assert events == [Delta("1"), Delta("2"), Finish("stop")]
