import random
from dataclasses import replace
from typing import Any, cast

import pytest
from anthropic.types import (
    RawContentBlockDeltaEvent,
    RawContentBlockStartEvent,
    RawMessageDeltaEvent,
    RawMessageStartEvent,
    RawMessageStopEvent,
)
from hypothesis import given
from hypothesis import strategies as st

from llm.anthropic import AnthropicChat, _Reader
from llm.chat import (
    ChatEvent,
    ChatMessage,
    Cited,
    Delta,
    Finish,
    Image,
    ModelUnavailable,
    Thinking,
    Usage,
)
from llm.prompt import build_prompt
from llm.upstream import MALFORMED, Limits
from tests.llm.make_source import make_source
from tests.llm.vendor_server import Fault, Reply, collect, vendor_server

PATIENT = Limits(connect_s=30, between_chunks_s=60, total_s=90, backoff_s=0.01)
HASTY = replace(PATIENT, between_chunks_s=2)  # where the server stalls
ASKED = [ChatMessage("system", "rules"), ChatMessage("user", "why?"), ChatMessage("assistant", "so"), ChatMessage("user", "and?")]  # fmt: skip
START, HELLO, WORLD, BANG = Usage(11, 0), Delta("Hello"), Delta(" wörld"), Delta("!")
WHOLE = [START, HELLO, WORLD, BANG, Usage(11, 3), Finish("stop")]


def chat(base_url: str, limits: Limits = PATIENT) -> AnthropicChat:
    return AnthropicChat(
        "fake", api_key="sk-secret", base_url=base_url, limits=limits, rng=random.Random(1)
    )


async def ask(model: AnthropicChat) -> tuple[list[ChatEvent], str]:
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
        assert await ask(chat(vendor.base_url)) == (WHOLE, "ended")
    assert vendor.requests == [
        {
            "model": "fake",
            "max_tokens": 9,
            "system": "rules",
            "messages": [{"role": m.role, "content": m.content} for m in ASKED[1:]],
            "stream": True,
        }
    ]


SOURCES = build_prompt("Which river?", [make_source("The Seine flows.")]).messages


async def test_sources_go_as_documents_and_what_is_cited_comes_behind_its_words():
    cites = ((0, "The Seine"), (0, "The Seine"), (0, "flows"))
    async with vendor_server(Reply(words=("Seine.",), cites=cites, thoughts=1)) as vendor:
        model = chat(vendor.base_url)
        seen, how = await collect(model.stream(SOURCES, max_tokens=9))
        await model.aclose()
    assert (seen[1:-2], how) == (
        [Thinking(), Delta("Seine."), Cited(1, "The Seine"), Cited(1, "flows")],
        "ended",
    )
    (sent,) = vendor.requests
    assert "[1]" not in str(sent["system"])
    assert sent["messages"] == [
        {
            "role": "user",
            "content": [
                {
                    "type": "document",
                    "source": {
                        "type": "text",
                        "media_type": "text/plain",
                        "data": "The Seine flows.",
                    },
                    "title": "notes.md",
                    "context": "file, Rivers, pages 3-4",
                    "citations": {"enabled": True},
                },
                {"type": "text", "text": "Which river?"},
            ],
        }
    ]


async def test_images_stand_between_the_documents_and_the_question():
    image = Image("image/gif", b"GIF89a")
    asked = [replace(message, images=(image,)) for message in SOURCES if message.role == "user"]
    async with vendor_server(Reply(), Reply()) as vendor:
        model = chat(vendor.base_url)
        await collect(model.stream(asked, max_tokens=9))
        await collect(model.stream([ChatMessage("user", "Who?", images=(image,))], max_tokens=9))
        await model.aclose()
    source = {"type": "base64", "media_type": "image/gif", "data": "R0lGODlh"}
    block = {"type": "image", "source": source}
    (first,), (second,) = (cast("Any", sent["messages"]) for sent in vendor.requests)
    assert [part["type"] for part in first["content"]] == ["document", "image", "text"]
    assert second == {"role": "user", "content": [block, {"type": "text", "text": "Who?"}]}


async def test_a_server_that_knows_no_documents_is_given_prose_from_then_on():
    refusal = Reply(fault="bad_request", message="citations are not supported")
    async with vendor_server(refusal, Reply()) as vendor:
        model = chat(vendor.base_url)
        for _ in range(2):
            assert await collect(model.stream(SOURCES, max_tokens=9)) == (WHOLE, "ended")
        await model.aclose()
    prose = [{"role": "user", "content": SOURCES[1].content}]
    assert [request["messages"] == prose for request in vendor.requests] == [False, True, True]


async def test_utf8_split_at_every_byte_is_read():
    assert await ask_with("byte_by_byte") == (WHOLE, "ended", 1)


@pytest.mark.parametrize(("sent", "reason"), [("max_tokens", "length"), ("refusal", "refused"), ("stop_sequence", "stop")])  # fmt: skip
async def test_the_reason_of_the_end_is_told(sent, reason):
    seen, _, _ = await ask_with(None, finish=sent)
    assert seen[-1] == Finish(reason)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("stall", "The model stalled in mid-answer."),
        ("error_inside", "The model's server reported overloaded_error."),
        ("malformed", "The model sent a malformed event."),
        ("wrong_shape", "The model sent a malformed event."),
        ("deep_nesting", "The model sent a malformed event."),
        ("bad_utf8", "The model sent a malformed event."),
        ("duplicate_start", "The model sent message_start out of order."),
        ("out_of_order", "The model sent text outside a block."),
        ("eof", "The model's answer broke off before its end."),
        ("cut", "The model's connection broke."),
        ("huge_event", "The model's connection broke."),
    ],
)
async def test_a_fault_in_mid_answer_keeps_the_text_and_is_not_tried_again(fault, message):
    limits = HASTY if fault == "stall" else PATIENT
    assert await ask_with(fault, limits=limits) == ([START, HELLO], message, 1)


async def test_an_answer_without_message_stop_is_not_whole():
    assert await ask_with("stall_after_end", limits=HASTY) == (
        WHOLE[:-1],
        "The model stalled in mid-answer.",
        1,
    )


async def test_no_first_word_ends_in_time():
    assert await ask_with("no_first_token", limits=replace(PATIENT, first_token_s=2)) == (
        [START],
        "The model stalled before its first word.",
        1,
    )


@pytest.mark.parametrize("fault", ["rate_limit", "server_error"])
async def test_overload_is_tried_three_times(fault):
    assert await ask_with(fault) == ([], "The model's server reported some_error.", 3)


async def test_overload_inside_a_stream_is_tried_again_before_the_first_word():
    async with vendor_server(Reply(fault="error_inside", before_fault=0), Reply()) as vendor:
        seen, how = await ask(chat(vendor.base_url))
    assert (seen[-6:], how, len(vendor.requests)) == (WHOLE, "ended", 2)


@pytest.mark.parametrize(("fault", "status"), [("bad_request", 400), ("unauthorised", 401)])
async def test_a_refusal_is_final_and_repeats_no_secret(fault, status):
    got = await ask_with(fault, message="wrong key sk-secret")
    assert got == ([], f"The model's server refused the request ({status}).", 1)


EVENTS = {
    "message_start": RawMessageStartEvent,
    "content_block_start": RawContentBlockStartEvent,
    "content_block_delta": RawContentBlockDeltaEvent,
    "message_delta": RawMessageDeltaEvent,
    "message_stop": RawMessageStopEvent,
}
JSON = st.recursive(
    st.none()
    | st.integers(-2, 2)
    | st.text(max_size=4)
    | st.just("text_delta")
    | st.just(float("inf")),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "usage", "input_tokens", "output_tokens", "stop_reason"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(list(EVENTS))},
            optional={"index": JSON, "delta": JSON, "message": JSON, "usage": JSON},
        ),
        max_size=6,
    )
)
def test_any_events_are_read_or_are_malformed(events):
    """The SDK builds an event without checking it, so each field may be anything."""
    reader = _Reader()
    for fields in events:
        try:
            read = reader.read(EVENTS[fields["type"]].construct(**fields))
        except (ModelUnavailable, *MALFORMED):
            return
        assert all(isinstance(event.text, str) for event in read if isinstance(event, Delta))
