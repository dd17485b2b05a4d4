"""A conversation's title, worded by the default model from the first exchange. The body of the job `title`.

The first words of the first message are its title until then, and stay where the model fails or a budget does not last. A
name that a person gave is never replaced. What a model writes is data here too: one line, no markup, no links, bounded.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import structlog

from core.scope import Scope
from llm.budget import Budgets, refusal_today
from llm.catalogue import EXTRACTIVE, Facts
from llm.chat import (
    ChatMessage,
    ChatModel,
    ModelRefused,
    ModelUnavailable,
    Source,
    Usage,
)
from llm.cost import most_of
from llm.fold import INVISIBLE, REFERENCE
from llm.prompt import safe
from llm.short_answer import ShortAnswer
from search.index import index_seq_raised
from sql import execute, fetch_opt, read, write
from sql.changes import note_change
from sql.fence import Fence
from sql.pool import Conn

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_TITLE: Final = 60
SHOWN_CHARACTERS: Final = 1_000  # of the question, and of the answer
MOST_ATTEMPTS: Final = 3
TITLE_TOKENS: Final = 400  # a thinking model's thoughts count
INPUT_TOKENS: Final = 900

_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_ADDRESS = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]*://|www\.|mailto:|javascript:|data:)\S*", re.IGNORECASE
)
_TAG = re.compile(r"<[^>]*>")
_MARKUP = re.compile(r"[*_`~#|<>\[\]{}\\]+")
_LABEL = re.compile(r"^title\s*:\s*", re.IGNORECASE)


class NamingModels(Protocol):
    """The configured chat models: app.chat_models.ChatModels."""

    @property
    def default(self) -> str: ...

    def facts(self, name: str) -> Facts: ...

    def chain(self, name: str) -> Sequence[str]: ...

    def get(self, name: str, *, question: str, sources: tuple[Source, ...]) -> ChatModel: ...


class TitleLater(Protocol):
    """What has a conversation named: workers.queue.enqueue_title."""

    async def __call__(self, conn: Conn, scope: Scope, *, conversation_id: UUID) -> UUID: ...


@dataclass(frozen=True, slots=True)
class TitleDeps:
    """What a worker names conversations with; `ring` tells after the commit that one has changed."""

    models: NamingModels
    ring: Callable[[UUID, int], Awaitable[None]]
    budgets: Budgets = Budgets()  # noqa: RUF009  (frozen)


@dataclass(frozen=True, slots=True)
class Exchange:
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Worded:
    """What a model wrote, "" where it wrote no title, and what that took."""

    title: str
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class _Unnamed:
    id: UUID


FIND_UNNAMED = read("title.sql", "find_unnamed", _Unnamed)
FIND_EXCHANGE = read("title.sql", "find_exchange", Exchange)
HOLD_TITLE_BUDGET = write("title.sql", "hold_title_budget")
COUNT_TITLE = write("title.sql", "count_title")
RELEASE_TITLE_BUDGET = write("title.sql", "release_title_budget")
LOCK_UNNAMED = write("title.sql", "lock_unnamed", _Unnamed)
NAME_BY_MODEL = write("title.sql", "name_by_model")


async def have_named(
    conn: Conn, scope: Scope, *, conversation_id: UUID, title_later: TitleLater
) -> None:
    """Have a conversation named that no person has named, in the transaction that ends a reply."""
    named = {"workspace_id": scope.workspace_id, "conversation_id": conversation_id}
    if await fetch_opt(conn, FIND_UNNAMED, **named) is not None:
        await title_later(conn, scope, conversation_id=conversation_id)


async def make_title(
    deps: TitleDeps, fence: Fence, *, conversation_id: UUID, account_id: UUID, attempts: int
) -> None:
    """Name a conversation and end its job. ModelUnavailable means "again later"; the last attempt gives up instead."""
    exchange = await _begin(deps, fence, conversation_id=conversation_id, account_id=account_id)
    if exchange is None:
        async with fence.last_tx() as conn:
            await give_up_title(conn, fence.workspace_id, conversation_id)
        return
    model = deps.models.get(deps.models.default, question="", sources=())
    answer = naming(exchange)
    try:
        await answer.listen(model, max_tokens=TITLE_TOKENS)
    except (ModelUnavailable, ModelRefused) as error:
        if error.retryable and attempts < MOST_ATTEMPTS:
            raise
        log.info("a conversation keeps its first words", reason=error.message)
    worded = Worded(title_in(answer.text), answer.answered_by or deps.models.default, answer.usage)
    seq = await _finish(deps, fence, worded, conversation_id=conversation_id, account_id=account_id)
    if seq:
        await deps.ring(conversation_id, seq)


async def give_up_title(conn: Conn, workspace_id: UUID, conversation_id: UUID) -> None:
    """Give back what was set aside for a title that is not asked for any more."""
    named = {"workspace_id": workspace_id, "conversation_id": conversation_id}
    await execute(conn, RELEASE_TITLE_BUDGET, **named)


async def _begin(
    deps: TitleDeps, fence: Fence, *, conversation_id: UUID, account_id: UUID
) -> Exchange | None:
    """Return what to name, with what that may take set aside; None where there is nothing to do."""
    if deps.models.default == EXTRACTIVE:
        return None
    name = deps.models.default
    chain = [deps.models.facts(each) for each in deps.models.chain(name)]
    call = most_of(chain, input_tokens=INPUT_TOKENS, output_tokens=TITLE_TOKENS)
    conversation = {"workspace_id": fence.workspace_id, "conversation_id": conversation_id}
    async with fence.tx() as conn:
        exchange = await fetch_opt(conn, FIND_EXCHANGE, account_id=account_id, **conversation)
        if exchange is None:
            return None
        refusal = deps.budgets.limits_something and await refusal_today(
            conn,
            fence.workspace_id,
            account_id=account_id,
            call=call,
            budgets=deps.budgets,
            except_id=conversation_id,
        )
        if refusal:
            log.info("a conversation keeps its first words", reason=refusal)
            return None
        held = {"model": name, "held_tokens": call.tokens, "held_micros": call.micros}
        await execute(conn, HOLD_TITLE_BUDGET, account_id=account_id, **conversation, **held)
    return exchange


def naming(exchange: Exchange) -> ShortAnswer:
    """Return the call that asks a model for a title."""
    return ShortAnswer([ChatMessage("system", _rules()), ChatMessage("user", _shown(exchange))])


async def _finish(
    deps: TitleDeps, fence: Fence, worded: Worded, *, conversation_id: UUID, account_id: UUID
) -> int:
    """Count what the title took, name the conversation and end the job; return the change's seq, 0 without one."""
    conversation = {"workspace_id": fence.workspace_id, "conversation_id": conversation_id}
    spent, facts = worded.usage, deps.models.facts(worded.model)
    async with fence.last_tx() as conn:
        await execute(
            conn,
            COUNT_TITLE,
            **conversation,
            model=worded.model,
            input_tokens=spent.input_tokens,
            output_tokens=spent.output_tokens,
            cost_micros=facts.micros(spent.input_tokens, spent.output_tokens),
        )
        if not worded.title or await fetch_opt(conn, LOCK_UNNAMED, **conversation) is None:
            return 0
        seq = await note_change(
            conn,
            workspace_id=fence.workspace_id,
            conversation_id=conversation_id,
            kind="conversation.updated",
            subject_id=conversation_id,
            actor_id=account_id,
        )
        await execute(conn, NAME_BY_MODEL, title=worded.title, **conversation)
        await index_seq_raised(conn, fence.workspace_id)
    return seq


def title_in(text: str) -> str:
    """Return the title that a model wrote, as plain words; "" for what is none: several lines, or nothing but markup."""
    lines = [line for line in INVISIBLE.sub("", text).strip().splitlines() if line.strip()]
    if len(lines) != 1:
        return ""
    plain = _ADDRESS.sub(
        " ", _LINK.sub(r"\1", REFERENCE.sub("", safe(lines[0][:SHOWN_CHARACTERS])))
    )
    words = " ".join(_MARKUP.sub(" ", _TAG.sub(" ", plain)).split()).replace("\0", "")
    return _cut(_LABEL.sub("", words).strip(" \"'“”„«».:-").strip())


def _cut(title: str) -> str:
    if len(title) <= LONGEST_TITLE:
        return title
    head = title[: LONGEST_TITLE - 1]
    whole = head.rsplit(" ", 1)[0] if " " in head else head
    return whole.rstrip(" ,;:-") + "…"


def _shown(exchange: Exchange) -> str:
    question, answer = (
        " ".join(safe(REFERENCE.sub("", text)).split())[:SHOWN_CHARACTERS]
        for text in (exchange.question, exchange.answer)
    )
    return f"Person: {question}\nAnswer: {answer}\n\nTitle:"


@cache
def _rules() -> str:
    return (Path(__file__).parent / "prompts" / "title.md").read_text(encoding="utf-8")
