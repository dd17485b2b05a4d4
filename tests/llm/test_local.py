"""The local model over a scripted server; tests/app/test_local_model_process.py asks the real one."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest

from llm.chat import ChatEvent, ChatMessage, Delta, Finish, ModelNotAsked, Usage
from llm.grammar import YES_OR_NO, answer_grammar
from llm.local import LIMITS, MOST_AT_ONCE, LocalChat, LocalServer, local_server
from llm.openai import OpenAIChat
from llm.prompt import ABSTENTION, build_prompt, in_prose
from tests.llm.make_source import make_source
from tests.llm.vendor_server import Reply, collect, vendor_server

SOURCES = [make_source("The Seine flows.", ref=1), make_source("The Po floods.", ref=2)]
PROMPT = build_prompt("Which river flows?", SOURCES, history=[ChatMessage("user", "hi")])
YES, NO = Reply(words=("Yes",)), Reply(words=("No",))
ANSWER = Reply(words=("The Seine flows", " [1]"))


@asynccontextmanager
async def served(*script: Reply, may_abstain: bool = True):
    """Lend a local model whose server is the scripted one, and what was asked of that."""
    async with vendor_server(*script) as vendor:
        chat = OpenAIChat(
            "qwen", api_key="none", base_url=f"{vendor.base_url}/v1", limits=replace(LIMITS, backoff_s=0.01)
        )  # fmt: skip
        server = LocalServer(chat)
        yield LocalChat(server, "local/qwen", may_abstain=may_abstain), vendor
        await server.aclose()


def messages_of(request: Mapping[str, object]) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", request["messages"])


async def test_it_is_asked_whether_the_sources_say_it_and_then_held_to_their_markers():
    async with served(YES, ANSWER) as (model, vendor):
        assert await collect(model.stream(PROMPT.messages, max_tokens=99)) == (
            [Delta("The Seine flows"), Delta(" [1]"), Usage(22, 3), Finish("stop")],
            "ended",
        )
    gate, answer = vendor.requests
    assert (gate["grammar"], gate["max_tokens"]) == (YES_OR_NO, 1)
    assert (answer["grammar"], answer["max_tokens"]) == (answer_grammar([1, 2]), 99)
    both = {"temperature": 0, "cache_prompt": True, "return_progress": True}
    assert [both.items() <= request.items() for request in (gate, answer)] == [True, True]


async def test_both_questions_begin_alike_so_that_the_server_reads_the_sources_once():
    async with served(YES, ANSWER) as (model, vendor):
        await collect(model.stream(PROMPT.messages, max_tokens=99))
    gate, answer = (messages_of(request) for request in vendor.requests)
    assert gate[:-1] == answer[:-1]
    assert gate[-1]["content"].startswith(answer[-1]["content"])
    assert answer[1:] == [{"role": m.role, "content": m.content} for m in PROMPT.messages[1:]]
    assert (ABSTENTION in answer[0]["content"], "[1]" in answer[0]["content"]) == (False, True)


async def test_where_the_sources_do_not_say_it_that_is_the_answer():
    async with served(NO) as (model, vendor):
        assert await collect(model.stream(PROMPT.messages, max_tokens=99)) == (
            [Delta(ABSTENTION), Usage(11, 1), Finish("abstained")],
            "ended",
        )
    assert len(vendor.requests) == 1


async def test_it_answers_at_once_where_it_may_not_abstain():
    async with served(ANSWER, may_abstain=False) as (model, vendor):
        seen, how = await collect(model.stream(PROMPT.messages, max_tokens=99))
    assert (seen[-1], how, len(vendor.requests)) == (Finish("stop"), "ended", 1)


async def test_without_documents_the_messages_go_as_they_are():
    async with served(ANSWER) as (model, vendor):
        messages = in_prose(PROMPT.messages)
        await collect(model.stream(messages, max_tokens=99))
    [request] = vendor.requests
    assert messages_of(request) == [{"role": m.role, "content": m.content} for m in messages]
    assert "grammar" not in request


async def test_a_server_that_is_just_starting_again_is_waited_for():
    async with served(Reply(fault="server_error"), Reply(fault="server_error"), NO) as (model, _):
        seen, _ = await collect(model.stream(PROMPT.messages, max_tokens=9))
    assert seen[-1] == Finish("abstained")


async def test_one_reply_is_written_at_a_time_and_too_many_are_refused():
    async with served(Reply(fault="stall"), NO) as (model, vendor):
        async with aclosing(model.stream(PROMPT.messages, max_tokens=9)) as first:
            holding = asyncio.ensure_future(anext(first))
            waiting = [
                asyncio.create_task(collect(model.stream(PROMPT.messages, max_tokens=9)))
                for _ in range(MOST_AT_ONCE - 1)
            ]
            while not vendor.requests:  # noqa: ASYNC110  (the server's list tells nobody)
                await asyncio.sleep(0.01)
            with pytest.raises(ModelNotAsked, match="more to write"):
                await anext(model.stream(PROMPT.messages, max_tokens=9))
            assert len(vendor.requests) == 1
            holding.cancel()
            await asyncio.wait([holding])
        ended = await asyncio.gather(*waiting)
    assert [seen[-1] for seen, _ in ended] == [Finish("abstained")] * (MOST_AT_ONCE - 1)


async def asked_at(socket) -> tuple[list[ChatEvent], str]:
    server = local_server(socket, "local/qwen")
    async with server.turn() as chat:
        chat._limits = replace(LIMITS, retries=1, backoff_s=0.01)
        outcome = await collect(chat.stream(PROMPT.messages, max_tokens=9))
    await server.aclose()
    return outcome


async def test_a_socket_that_nobody_serves_is_a_model_that_cannot_be_reached(tmp_path):
    assert await asked_at(tmp_path / "none.sock") == ([], "The model's server cannot be reached.")


async def test_it_is_asked_over_its_socket(tmp_path):
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    socket = tmp_path / "llm.sock"
    async with await asyncio.start_unix_server(refuse, socket):
        assert await asked_at(socket) == ([], "The model's server refused the request (403).")
