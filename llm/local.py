"""The small model of this machine, behind the OpenAI provider: it writes one reply at a time, and cites by a grammar.

A model of this size neither keeps to rules nor says by itself that the sources do not answer. So it is told little, its
markers are forced (llm/grammar.py), and before it answers it is asked whether the sources say it. Both questions begin with
the same words, which its server reads once.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from llm.chat import ChatEvent, ChatMessage, Delta, Finish, ModelNotAsked, Usage
from llm.grammar import YES_OR_NO, answer_grammar
from llm.openai import Extra, OpenAIChat
from llm.prompt import ABSTENTION
from llm.upstream import Limits

# Written or waiting, a minute each on a small machine: a worker's eight replies and two titles.
MOST_AT_ONCE: Final = 10
# The server tells how far it has read, so a stall is seen by silence; reading and writing may take minutes. It may have
# died a moment ago: it is tried until the first word is due.
LIMITS: Final = Limits(total_s=900, retries=10)
_ALWAYS: Final[Extra] = {"temperature": 0, "cache_prompt": True, "return_progress": True}


class LocalServer:
    """The server of the local model, lent to one reply at a time in the order of asking."""

    def __init__(self, chat: OpenAIChat) -> None:
        self._chat = chat
        self._turn = asyncio.Lock()
        self._asking = 0

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[OpenAIChat]:
        if self._asking >= MOST_AT_ONCE:
            raise ModelNotAsked("The local model has more to write than it can.")
        self._asking += 1
        try:
            async with self._turn:
                yield self._chat
        finally:
            self._asking -= 1

    async def aclose(self) -> None:
        await self._chat.aclose()


class LocalChat:
    """The model for one reply; with `may_abstain` it is first asked whether the sources answer."""

    def __init__(self, server: LocalServer, name: str, *, may_abstain: bool) -> None:
        self.name = name
        self._server = server
        self._may_abstain = may_abstain

    async def stream(
        self, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        """Yield the answer; messages without documents (a follow-up to reword, prose without citations) go as they are."""
        async with self._server.turn() as chat:
            if messages[-1].documents:
                events = self._answer(chat, messages, max_tokens=max_tokens)
            else:
                events = chat.with_fields(_ALWAYS).stream(messages, max_tokens=max_tokens)
            async with aclosing(events):
                async for event in events:
                    yield event

    async def _answer(
        self, chat: OpenAIChat, messages: Sequence[ChatMessage], *, max_tokens: int
    ) -> AsyncGenerator[ChatEvent, None]:
        spent = Usage(0, 0)
        if self._may_abstain:
            says_so, spent = await _sources_say_so(chat, messages)
            if not says_so:
                for event in (Delta(ABSTENTION), spent, Finish("abstained")):
                    yield event
                return
        grammar = answer_grammar([document.ref for document in messages[-1].documents])
        bound = chat.with_fields({**_ALWAYS, "grammar": grammar})
        told = _with_rules(messages)
        async with aclosing(bound.stream(told, max_tokens=max_tokens)) as events:
            async for event in events:
                yield _sum(spent, event) if isinstance(event, Usage) else event


async def _sources_say_so(chat: OpenAIChat, messages: Sequence[ChatMessage]) -> tuple[bool, Usage]:
    """Return whether the model finds in the sources what is asked, and what asking it took."""
    *before, question = _with_rules(messages)
    gate = replace(question, content=f"{question.content}\n{_words('local_gate')}")
    bound = chat.with_fields({**_ALWAYS, "grammar": YES_OR_NO})
    said, spent = "", Usage(0, 0)
    async with aclosing(bound.stream([*before, gate], max_tokens=1)) as events:
        async for event in events:
            if isinstance(event, Delta):
                said += event.text
            elif isinstance(event, Usage):
                spent = event
    return not said.startswith("N"), spent


def _with_rules(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages with the rules of a small model in the place of the others'."""
    others = [message for message in messages if message.role != "system"]
    return [ChatMessage("system", _words("local")), *others]


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(one.input_tokens + other.input_tokens, one.output_tokens + other.output_tokens)


@cache
def _words(name: str) -> str:
    return (Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()


def local_server(socket: Path, model: str) -> LocalServer:
    """Return the server that listens at `socket`, which is asked when first needed."""
    return LocalServer(
        OpenAIChat(model, api_key="none", base_url="http://local/v1", limits=LIMITS, socket=socket)
    )
