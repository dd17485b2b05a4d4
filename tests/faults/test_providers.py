"""F8: the ways in which a provider fails, over each of the three wires, told by a real worker's body to a reader over HTTP.

Whatever happens there is one end, what was shown stays and is what the conversation keeps, and once a word was shown the
provider is not asked again. In full, the product's own limits are waited for; else a stall is one of two seconds.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

from core.events import END
from llm.anthropic import AnthropicChat
from llm.catalogue import Facts
from llm.chat import ChatModel, Source
from llm.openai import OpenAIChat
from llm.openai_responses import ResponsesChat
from llm.upstream import DEFAULT_LIMITS, Limits
from tests.faults.counts import FULL, times
from tests.llm.replying import MadeRun, answer_next, deps, events_of, make_run, state_of, text_of
from tests.llm.vendor_server import Reply, Vendor, vendor_server
from tests.make import make_scope

WIRES = ("chat completions", "responses", "anthropic")
HALF = Reply(words=("Half ", "an ", "answer"), before_fault=2)
PATIENT = Limits(connect_s=60, first_token_s=60, between_chunks_s=60, backoff_s=0.05)
STALL_S = 35.0  # the longest that a reader stands in front of a stall


@dataclass(frozen=True)
class End:
    """How a run ends: its state and error, its text, and how often the provider was asked."""

    text: str
    asked: int = 1
    state: tuple[object, ...] = ("failed", "model_unavailable", True, "done")


BROKEN_OFF = End("Half an")
COMPLETE = ("complete", "", False, "done")
FAULTS: Mapping[str, tuple[tuple[Reply, ...], End]] = {
    "no first token": ((replace(HALF, fault="no_first_token"),), End("")),
    "a stall": ((replace(HALF, fault="stall"),), BROKEN_OFF),
    "429 with a Retry-After": (
        (Reply(fault="rate_limit", retry_after="1"), replace(HALF, fault=None)),
        End("Half an answer", 2, COMPLETE),
    ),
    "429 with a Retry-After of a minute": (
        (Reply(fault="rate_limit", retry_after="90"),),
        End(""),
    ),
    "500": ((Reply(fault="server_error"),), End("", 3)),
    "an error inside 200": ((replace(HALF, fault="error_inside"),), BROKEN_OFF),
    "malformed JSON": ((replace(HALF, fault="malformed"),), BROKEN_OFF),
    "a chunk twice": ((replace(HALF, fault="duplicate_chunk"),), BROKEN_OFF),
    "a chunk out of order": ((replace(HALF, fault="out_of_order"),), BROKEN_OFF),
    "an end without a terminal event": ((replace(HALF, fault="eof"),), BROKEN_OFF),
    "an event of 10 MB": ((replace(HALF, fault="huge_event"),), BROKEN_OFF),
    "invalid UTF-8, split": ((replace(HALF, fault="bad_utf8"),), BROKEN_OFF),
}
# Without numbers on the wire a chunk sent twice is a word said twice, and what follows the end is not read.
UNNUMBERED: Mapping[tuple[str, str], End] = {
    ("a chunk twice", "chat completions"): End("Half an an answer", 1, COMPLETE),
    ("a chunk twice", "anthropic"): End("Half an an answer", 1, COMPLETE),
    ("a chunk out of order", "chat completions"): End("Half an", 1, COMPLETE),
}


@dataclass(frozen=True)
class Vendors:
    """The models of this test, by name."""

    models: Mapping[str, ChatModel]
    default: str = "openai:0"

    def facts(self, name: str) -> Facts:
        return Facts()

    def chain(self, name: str) -> tuple[str, ...]:
        return (name,)

    def get(
        self, name: str, *, question: str, sources: Sequence[Source], abstain: bool = True
    ) -> ChatModel:
        return self.models[name]


def limits_of(fault: str) -> Limits:
    if FULL:
        return DEFAULT_LIMITS
    if fault == "no first token":
        return replace(PATIENT, first_token_s=2)
    return replace(PATIENT, between_chunks_s=2) if fault == "a stall" else PATIENT


async def open_model(
    stack: AsyncExitStack, wire: str, vendor: Vendor, *, limits: Limits
) -> ChatModel:
    if wire == "anthropic":
        model = AnthropicChat("fake", api_key="none", base_url=vendor.base_url, limits=limits)
    else:
        kind = OpenAIChat if wire == "chat completions" else ResponsesChat
        model = kind("fake", api_key="none", base_url=f"{vendor.base_url}/v1", limits=limits)
    stack.push_async_callback(model.aclose)
    return model


async def read(client, run: MadeRun, *, after: int = 0) -> list[str]:
    """Return the run's events, each as it stands on the wire; the last of them is its end."""
    answer = await client.get(f"/api/runs/{run.id}/events", params={"after": after}, timeout=90)
    return [part for part in answer.text.split("\n\n") if part.startswith("id: ")]


async def end_of(owner, run: MadeRun, vendor: Vendor) -> End:
    """Return how the run ended; what was shown must be what is kept, and the end must be one."""
    events = await events_of(owner, run)
    assert [event.kind == END for event in events] == [*[False] * (len(events) - 1), True]
    kept = await owner.fetchval("SELECT content FROM run WHERE id = $1", run.id)
    message = await owner.fetchval("SELECT content FROM message WHERE run_id = $1", run.id)
    assert text_of(events) == kept == (message or "")
    assert vendor.most_at_once == 1
    return End(kept.rstrip(), len(vendor.requests), await state_of(owner, run))


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_failing_provider_costs_no_word_that_was_shown(
    resources, owner_connection, signed_in, fault
):
    script, expected = FAULTS[fault]
    async with AsyncExitStack() as stack:
        models, runs = {}, []
        for wire in WIRES * times(1, full=5):
            vendor = await stack.enter_async_context(vendor_server(*script))
            name = f"openai:{len(runs)}"
            models[name] = await open_model(stack, wire, vendor, limits=limits_of(fault))
            scope = await make_scope(owner_connection)
            run = await make_run(owner_connection, resources, scope, model=name)
            runs.append((wire, vendor, run, await signed_in(scope)))
        tools = replace(deps(resources), models=Vendors(models))
        reading = [asyncio.create_task(read(client, run)) for _, _, run, client in runs]
        async with asyncio.timeout(STALL_S if FULL else None):
            await asyncio.gather(*(answer_next(resources, tools) for _ in runs))
        for (wire, vendor, run, client), live in zip(runs, reading, strict=True):
            assert await end_of(owner_connection, run, vendor) == UNNUMBERED.get(
                (fault, wire), expected
            ), wire
            whole = await read(client, run)
            assert await live == whole
            half = len(whole) // 2
            assert await read(client, run, after=half) == whole[half:]
            assert whole[-1].split("\n")[1] == f"event: {END}"
