import random
import time
from dataclasses import replace

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from llm.chat import (
    ChatEvent,
    ChatMessage,
    Delta,
    Finish,
    Image,
    Thinking,
    Usage,
)
from llm.openai import OpenAIChat, _read
from llm.upstream import MALFORMED, Limits
from tests.llm.vendor_server import Fault, Reply, collect, vendor_server

PATIENT = Limits(connect_s=30, between_chunks_s=60, total_s=90, backoff_s=0.01)
HASTY = replace(PATIENT, between_chunks_s=2)  # where the server stalls
ASKED = [ChatMessage("system", "rules"), ChatMessage("user", "why?"), ChatMessage("assistant", "so"), ChatMessage("user", "and?")]  # fmt: skip
HELLO, WORLD, BANG = Delta("Hello"), Delta(" wörld"), Delta("!")


def chat(base_url: str, limits: Limits = PATIENT) -> OpenAIChat:
    return OpenAIChat(
        "fake", api_key="sk-secret", base_url=f"{base_url}/v1", limits=limits, rng=random.Random(1)
    )


async def ask(model: OpenAIChat) -> tuple[list[ChatEvent], str]:
    try:
        return await collect(model.stream(ASKED, max_tokens=9))
    finally:
        await model.aclose()


async def ask_with(
    fault: Fault | None, *, finish: str = "", message: str = "", limits: Limits = PATIENT
) -> tuple[list[ChatEvent], str, int]:
    async with vendor_server(Reply(fault=fault, finish=finish, message=message)) as vendor:
        seen, how = await ask(chat(vendor.base_url, limits))
        return seen, how, len(vendor.requests)


async def test_an_answer_arrives_word_by_word_with_its_counts():
    async with vendor_server(Reply()) as vendor:
        assert await ask(chat(vendor.base_url)) == (
            [HELLO, WORLD, BANG, Usage(11, 3), Finish("stop")],
            "ended",
        )
    assert vendor.requests == [
        {
            "model": "fake",
            "messages": [{"role": m.role, "content": m.content} for m in ASKED],
            "stream": True,
            "max_tokens": 9,
            "stream_options": {"include_usage": True},
        }
    ]


async def test_images_are_sent_behind_the_words():
    message = ChatMessage("user", "Who?", images=(Image("image/gif", b"GIF89a"),))
    async with vendor_server(Reply()) as vendor:
        model = chat(vendor.base_url)
        await collect(model.stream([message], max_tokens=9))
        await model.aclose()
    content = [
        {"type": "text", "text": "Who?"},
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}},
    ]
    assert vendor.requests[0]["messages"] == [{"role": "user", "content": content}]


async def test_thoughts_are_no_text_and_a_sign_of_life():
    words = ("<thi", "nk>[1]?</think>", "So.")
    async with vendor_server(Reply(words=words, thoughts=2)) as vendor:
        seen, how = await ask(chat(vendor.base_url))
    assert (seen[:-2], how) == ([Thinking(), Thinking(), Delta("So.")], "ended")


async def test_utf8_split_at_every_byte_is_read():
    assert await ask_with("byte_by_byte") == (
        [HELLO, WORLD, BANG, Usage(11, 3), Finish("stop")],
        "ended",
        1,
    )


@pytest.mark.parametrize(("sent", "reason"), [("length", "length"), ("content_filter", "refused"), ("eos", "stop")])  # fmt: skip
async def test_the_reason_of_the_end_is_told(sent, reason):
    seen, _, _ = await ask_with(None, finish=sent)
    assert seen[-1] == Finish(reason)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("stall", "The model stalled in mid-answer."),
        ("error_inside", "The model's server reported an error in mid-stream."),
        ("malformed", "The model sent a malformed event."),
        ("wrong_shape", "The model sent a malformed event."),
        ("deep_nesting", "The model sent a malformed event."),
        ("bad_utf8", "The model sent a malformed event."),
        ("duplicate_start", "The model mixed two replies in one stream."),
        ("eof", "The model's answer broke off before its end."),
        ("cut", "The model's connection broke."),
        ("huge_event", "The model's connection broke."),
    ],
)
async def test_a_fault_in_mid_answer_keeps_the_text_and_is_not_tried_again(fault, message):
    limits = HASTY if fault == "stall" else PATIENT
    assert await ask_with(fault, limits=limits) == ([HELLO], message, 1)


async def test_text_behind_the_end_is_ignored():
    seen, how, _ = await ask_with("out_of_order")
    assert (seen, how) == ([HELLO, Usage(11, 3), Finish("stop")], "ended")


async def test_a_stall_behind_the_end_costs_only_the_counts():
    assert await ask_with("stall_after_end", limits=replace(PATIENT, after_finish_s=0.1)) == (
        [HELLO, WORLD, BANG, Finish("stop")],
        "ended",
        1,
    )


async def test_no_first_word_ends_in_time():
    assert await ask_with("no_first_token", limits=replace(PATIENT, first_token_s=2)) == (
        [],
        "The model stalled before its first word.",
        1,
    )


@pytest.mark.parametrize(("fault", "status"), [("rate_limit", 429), ("server_error", 500)])
async def test_overload_is_tried_three_times(fault, status):
    assert await ask_with(fault) == ([], f"The model's server answered {status}.", 3)


async def test_a_later_attempt_gives_the_answer():
    async with vendor_server(Reply(fault="server_error"), Reply(fault="malformed", before_fault=0), Reply()) as vendor:  # fmt: skip
        seen, how = await ask(chat(vendor.base_url))
    assert (seen[0], how, len(vendor.requests)) == (HELLO, "ended", 3)


async def test_retry_after_is_honoured():
    async with vendor_server(Reply(fault="rate_limit", retry_after="0.2"), Reply()) as vendor:
        begun = time.monotonic()
        seen, _ = await ask(chat(vendor.base_url))
    assert (seen[0], time.monotonic() - begun >= 0.2) == (HELLO, True)


@pytest.mark.parametrize(("fault", "status"), [("bad_request", 400), ("unauthorised", 401)])
async def test_a_refusal_is_final_and_repeats_no_secret(fault, status):
    got = await ask_with(fault, message="wrong key sk-secret")
    assert got == ([], f"The model's server refused the request ({status}).", 1)


@pytest.mark.parametrize(
    ("complaint", "absent", "present"),
    [
        ("unknown field stream_options", "stream_options", "max_tokens"),
        ("use 'max_completion_tokens' instead", "max_tokens", "max_completion_tokens"),
    ],
)
async def test_a_server_that_lacks_an_optional_field_is_asked_without_it(
    complaint, absent, present
):
    async with vendor_server(Reply(fault="bad_request", message=complaint), Reply()) as vendor:
        seen, how = await ask(chat(vendor.base_url))
    second = vendor.requests[1]
    assert (seen[0], how, absent in second, present in second) == (HELLO, "ended", False, True)


async def test_the_server_lists_its_models():
    async with vendor_server(Reply()) as vendor, httpx2.AsyncClient() as client:
        listed = (await client.get(f"{vendor.base_url}/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == ["fake"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "choices",
                    "index",
                    "delta",
                    "content",
                    "usage",
                    "finish_reason",
                    "prompt_tokens",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(fields=st.dictionaries(st.sampled_from(["id", "choices", "usage"]), JSON, max_size=3))
def test_any_json_is_read_or_is_malformed(fields):
    """The SDK builds a chunk without checking it, so each field may be anything."""
    try:
        piece = _read(ChatCompletionChunk.construct(None, **fields))
    except MALFORMED:
        return
    assert isinstance(piece.text, str)
