import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from llm.chat import ChatEvent, ChatMessage, Delta, Finish, Image, Thinking, Usage
from llm.openai_responses import ResponsesChat
from llm.upstream import Limits
from tests.llm.vendor_server import Fault, Reply, collect, vendor_server

PATIENT = Limits(connect_s=30, between_chunks_s=60, total_s=90, backoff_s=0.01)
HASTY = replace(PATIENT, between_chunks_s=2)  # where the server stalls
ASKED = [ChatMessage("system", "rules"), ChatMessage("user", "why?"), ChatMessage("assistant", "so"), ChatMessage("user", "and?")]  # fmt: skip
HELLO, WORLD, BANG = Delta("Hello"), Delta(" wörld"), Delta("!")
WHOLE = [HELLO, WORLD, BANG, Usage(11, 3), Finish("stop")]


async def ask_with(
    *script: Reply, limits: Limits = PATIENT, asked: Sequence[ChatMessage] = ASKED
) -> tuple[list[ChatEvent], str, list[dict[str, object]]]:
    async with vendor_server(*script) as vendor:
        model = ResponsesChat(
            "fake", api_key="sk-secret", base_url=f"{vendor.base_url}/v1", limits=limits,
            rng=random.Random(1),
        )  # fmt: skip
        try:
            seen, how = await collect(model.stream(asked, max_tokens=9))
        finally:
            await model.aclose()
        return seen, how, vendor.requests


async def test_an_answer_arrives_word_by_word_with_its_counts():
    seen, how, requests = await ask_with(Reply(thoughts=1))
    assert (seen, how) == ([Thinking(), *WHOLE], "ended")
    assert requests == [
        {
            "model": "fake",
            "instructions": "rules",
            "input": [{"role": m.role, "content": m.content} for m in ASKED[1:]],
            "max_output_tokens": 9,
            "store": False,
            "stream": True,
        }
    ]


async def test_images_are_sent_behind_the_words():
    message = ChatMessage("user", "Who?", images=(Image("image/gif", b"GIF89a"),))
    seen, _, requests = await ask_with(Reply(), asked=[message])
    uri = "data:image/gif;base64,R0lGODlh"
    content = [
        {"type": "input_text", "text": "Who?"},
        {"type": "input_image", "image_url": uri, "detail": "auto"},
    ]
    assert (seen, requests[0]["input"]) == (WHOLE, [{"role": "user", "content": content}])


@pytest.mark.parametrize(("sent", "reason"), [("max_output_tokens", "length"), ("content_filter", "refused")])  # fmt: skip
async def test_the_reason_of_the_end_is_told(sent, reason):
    seen, _, _ = await ask_with(Reply(finish=sent))
    assert seen[-1] == Finish(reason)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("stall", "The model stalled in mid-answer."),
        ("error_inside", "The model's server reported an error in mid-stream."),
        ("malformed", "The model sent a malformed event."),
        ("wrong_shape", "The model sent a malformed event."),
        ("duplicate_start", "The model sent response.created out of order."),
        ("out_of_order", "The model sent response.output_text.delta out of order."),
        ("eof", "The model's answer broke off before its end."),
        ("cut", "The model's connection broke."),
        ("huge_event", "The model's connection broke."),
    ],
)
async def test_a_fault_in_mid_answer_keeps_the_text_and_is_not_tried_again(
    fault: Fault, message: str
):
    seen, how, requests = await ask_with(
        Reply(fault=fault), limits=HASTY if fault == "stall" else PATIENT
    )
    assert (seen, how, len(requests)) == ([HELLO], message, 1)


async def test_utf8_split_at_every_byte_is_read():
    assert (await ask_with(Reply(fault="byte_by_byte")))[:2] == (WHOLE, "ended")


async def test_overload_is_tried_again_before_the_first_word():
    seen, how, requests = await ask_with(Reply(fault="rate_limit"), Reply())
    assert (seen, how, len(requests)) == (WHOLE, "ended", 2)


async def test_a_refusal_is_final_and_repeats_no_secret():
    seen, how, requests = await ask_with(Reply(fault="unauthorised", message="wrong sk-secret"))
    assert (seen, how) == ([], "The model's server refused the request (401).")
    assert len(requests) == 1
