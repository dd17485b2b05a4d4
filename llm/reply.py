"""A reply, from the message to verified citations: retrieve -> prompt -> model -> log. The body of the job `reply`.

Retrieval is the function that the search route calls, with the rights that the asker has now. A run that had shown text
when its worker died ends as `interrupted` and is never written again by itself; one that had not starts over. Unavailable
is raised only before the first word, and means "again later".
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol
from uuid import UUID

import orjson
import structlog

from core.blobs import BlobStore
from core.errors import CallerError
from core.events import Event, Feed
from core.scope import Role, Scope
from llm.budget import Budgets, Call, hold
from llm.catalogue import EXTRACTIVE, Facts
from llm.chat import ChatMessage, ChatModel, Source, Usage
from llm.followup import REWRITE_TOKENS, Standalone, carry_over, rewrite
from llm.generate import Task, generate, unless_stopped
from llm.images import Picture, Question, find_pictures
from llm.options import ReplyOptions, read_options
from llm.packing import CHARACTERS_A_TOKEN, tokens_in
from llm.prompt import (
    ABSTENTION,
    HISTORY_CHARS,
    QUESTION_CHARS,
    Prompt,
    build_prompt,
    in_prose,
    recent,
)
from llm.retrieval import Found, Wanted, find_sources
from llm.run_log import Announce, EmbedLater, Ending, Entry, RunLog, RunState, end_run
from llm.supported import MOST_TRIES, generate_supported
from llm.title import TitleLater, have_named
from llm.trace import Trace, TracedQuery, as_json, images_refused, told, traced
from search.retrieve import Searcher
from sql import execute, fetch, fetch_one, read, write
from sql.fence import Fence
from sql.pool import Conn

log = structlog.get_logger(__name__)

RULES_TOKENS = 1_000  # of prompts/*.md, the marks around sources, and what a second try is told
REWRITE_INPUT_TOKENS = 1_200  # MOST_TURNS of followup.py, cut, with their rules
MOST_TURNS = 20  # looked at; the prompt's budget decides how many are given
Follower = Literal["embed_message", "title"]  # kinds of jobs


class ModelsByName(Protocol):
    """The configured chat models: app.chat_models.ChatModels."""

    @property
    def default(self) -> str: ...

    def facts(self, name: str) -> Facts: ...

    def get(
        self, name: str, *, question: str, sources: Sequence[Source], abstain: bool = True
    ) -> ChatModel: ...


@dataclass(frozen=True, slots=True)
class ReplyDeps:
    """What a worker writes replies with; `wake` has the jobs done at once that a reply's end has made."""

    searcher: Searcher
    blobs: BlobStore
    models: ModelsByName
    feed: Feed
    announce: Announce
    embed_later: EmbedLater
    title_later: TitleLater
    wake: Callable[[Follower], Awaitable[None]]
    budgets: Budgets = Budgets()  # noqa: RUF009  (frozen)


@dataclass(frozen=True, slots=True)
class Run:
    """`role` is the asker's in the workspace, None when he may no longer read the conversation.

    `attachments` are the files of the branch, those of the question first.
    """

    conversation_id: UUID
    prompt_message_id: UUID
    account_id: UUID
    model: str
    request: str
    state: RunState
    stop_requested: bool
    last_seq: int
    has_text: bool
    role: Role | None
    attachments: list[UUID]


@dataclass(frozen=True, slots=True)
class Turn:
    id: UUID
    role: Literal["user", "assistant"]
    content: str


LOAD_RUN = read("run.sql", "load_run", Run)
LIST_TURNS = read("run.sql", "list_turns", Turn)
KEEP_TRACE = write("run.sql", "keep_trace")


async def reply(deps: ReplyDeps, fence: Fence, *, run_id: UUID) -> None:
    """Write the reply of a run and end its job. Cancelling closes the model's stream and ends nothing."""
    began = time.monotonic()
    run, turns = await _load(fence, run_id)
    run_log = RunLog(fence, run_id, last_seq=run.last_seq, announce=deps.announce)
    ending = _foregone(run, turns) or await _write(deps, run_log, run, turns=turns)
    if (first_at := run_log.first_text_at) is not None:
        ending = replace(ending, first_token_ms=round((first_at - began) * 1000))
    then = partial(_then, deps, run, fence.workspace_id, ending=ending)
    await run_log.end(ending, embed_later=deps.embed_later, then=then)
    await deps.wake("embed_message")
    if _may_be_named(deps, ending):
        await deps.wake("title")
    log.info(
        "ended a reply",
        run_id=str(run_id),
        state=ending.state,
        model=run.model,
        input_tokens=ending.usage.input_tokens if ending.usage else 0,
        output_tokens=ending.usage.output_tokens if ending.usage else 0,
        duration_ms=round((time.monotonic() - began) * 1000),
    )


async def _then(
    deps: ReplyDeps, run: Run, workspace_id: UUID, conn: Conn, *, ending: Ending
) -> None:
    """Have a model name the conversation that has got its first reply, where there is one to do so."""
    if not _may_be_named(deps, ending):
        return
    scope = Scope(run.account_id, workspace_id, run.role or "member")
    await have_named(conn, scope, conversation_id=run.conversation_id, title_later=deps.title_later)


def _may_be_named(deps: ReplyDeps, ending: Ending) -> bool:
    return ending.state in ("complete", "abstained") and deps.models.default != EXTRACTIVE


async def interrupt_run(
    conn: Conn, workspace_id: UUID, *, run_id: UUID, reason: str, embed_later: EmbedLater
) -> Event | None:
    """End a run whose job nobody will do any more; what was shown stays. Return the event to announce after COMMIT."""
    ending = Ending("interrupted", error_code="worker_lost", error=reason, retryable=True)
    return await end_run(conn, workspace_id, run_id=run_id, ending=ending, embed_later=embed_later)


async def _load(fence: Fence, run_id: UUID) -> tuple[Run, list[Turn]]:
    async with fence.tx(waits_for_disk=False) as conn:
        run = await fetch_one(conn, LOAD_RUN, workspace_id=fence.workspace_id, run_id=run_id)
        turns = await fetch(
            conn,
            LIST_TURNS,
            workspace_id=fence.workspace_id,
            message_id=run.prompt_message_id,
            most=MOST_TURNS,
        )
    return run, turns


def _foregone(run: Run, turns: Sequence[Turn]) -> Ending | None:
    """Return the end of a run that needs no writing; for one that has ended it changes nothing."""
    if run.has_text or run.state != "running":
        reason = "The worker was lost while it wrote; what it had written is kept."
        return Ending("interrupted", error_code="worker_lost", error=reason, retryable=True)
    if run.stop_requested:
        return Ending("stopped")
    if run.role is None:
        return _failed("no_access", "You may no longer read this conversation.")
    if not turns or turns[0].id != run.prompt_message_id:
        return _failed("prompt_deleted", "The message to answer was deleted.")
    return None


async def _write(deps: ReplyDeps, run_log: RunLog, run: Run, *, turns: Sequence[Turn]) -> Ending:
    """Retrieve, and have the model write; a request that cannot be served ends the run as failed."""
    assert run.role is not None, "checked by _foregone"
    scope = Scope(run.account_id, run_log.fence.workspace_id, run.role)
    options = read_options(run.request)
    if run.last_seq == 0:
        await run_log.append([Entry("run.started", orjson.dumps({"model": run.model}).decode())])
    pictures = await _pictures(deps, scope, run, options=options)
    if refusal := await _refused(deps, run_log, run, options=options, pictures=pictures):
        return _failed("budget_spent", refusal)
    try:
        asked = await _asked(deps, run_log, run, turns=turns, options=options)
    except CallerError as error:
        return _failed("model_unknown", error.message)
    if isinstance(asked, Ending):
        return asked
    wanted = Wanted(
        question=turns[0].content,
        query=asked.standalone.query,
        conversation_id=run.conversation_id,
        options=options,
        given=frozenset({run.prompt_message_id, *asked.shown}),
        attachments=tuple(run.attachments),
    )
    found = await find_sources(deps.searcher, scope, wanted)
    shown = list(asked.shown.values())
    prompt = build_prompt(turns[0].content, found.sources, history=shown, pictures=pictures)
    trace = await _tell(run_log, found, prompt, asked=asked, wanted=wanted)
    if not prompt.can_answer and options.abstain:
        await run_log.append([Entry("delta", orjson.dumps({"text": ABSTENTION}).decode())])
        return Ending("abstained", asked.standalone.usage)
    query = asked.standalone.query
    model = deps.models.get(
        run.model, question=query, sources=prompt.sources, abstain=options.abstain
    )
    ending = await _answer(deps, run_log, model, trace, prompt=prompt)
    own = asked.standalone.usage
    return _held_to(options, _counted(deps, run, _with_usage(ending, own), prompt=prompt))


async def _pictures(
    deps: ReplyDeps, scope: Scope, run: Run, *, options: ReplyOptions
) -> tuple[Picture, ...]:
    """Return the images that the question is asked with, for a model that sees them."""
    cost = deps.models.facts(run.model).images
    if cost is None:
        return ()
    question = Question(run.prompt_message_id, run.attachments, options)
    pool = deps.searcher.read_pool
    return await find_pictures(pool, deps.blobs, scope, question=question, cost=cost)


def _task(prompt: Prompt, options: ReplyOptions) -> Task:
    if options.citations == "off":
        return Task(in_prose(prompt.messages), (), options.max_tokens)
    return Task(prompt.messages, prompt.sources, options.max_tokens)


async def _answer(
    deps: ReplyDeps, run_log: RunLog, model: ChatModel, trace: Trace, *, prompt: Prompt
) -> Ending:
    """Have the answer written, with `citations: required` one that they bear out; keep in the trace what came of it."""
    task, after = _task(prompt, trace.options), trace
    if trace.options.citations == "required":
        made = await generate_supported(
            model, task, log=run_log, feed=deps.feed, tries=_tries(trace.options)
        )
        ending, after = made.ending, replace(trace, tries=made.tries)
    else:
        ending = await generate(model, task, log=run_log, feed=deps.feed)
    if not ending.saw_images:
        after = images_refused(after)
    if after != trace:
        await _keep(run_log, after)
    return ending


def _tries(options: ReplyOptions) -> int:
    return MOST_TRIES if options.citations == "required" else 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question made to stand alone, and the turns that the model is shown, oldest first."""

    question: str
    standalone: Standalone
    shown: Mapping[UUID, ChatMessage]
    rewrite_ms: float


async def _asked(
    deps: ReplyDeps, run_log: RunLog, run: Run, *, turns: Sequence[Turn], options: ReplyOptions
) -> _Asked | Ending:
    """Return what to search for; the run's end when it is stopped before."""
    began = time.monotonic()
    question = turns[0].content
    earlier = [(turn.id, ChatMessage(turn.role, turn.content)) for turn in turns[1:]]
    before = [turn for _, turn in earlier]
    model = deps.models.get(run.model, question=question, sources=())
    if options.q:
        standalone = Standalone(options.q, "by the person")
    elif run.model == EXTRACTIVE or not before:
        standalone = carry_over(question, before)
    else:
        rewriting = rewrite(model, question, before)
        made = await unless_stopped(rewriting, log=run_log, feed=deps.feed)
        if not isinstance(made, Standalone):
            return Ending("stopped")
        standalone = made
    took_ms = round((time.monotonic() - began) * 1000, 2)
    return _Asked(question, standalone, recent(earlier), took_ms)


async def _refused(
    deps: ReplyDeps,
    run_log: RunLog,
    run: Run,
    *,
    options: ReplyOptions,
    pictures: Sequence[Picture],
) -> str | None:
    """Set aside what the reply may take at most; return why it may not be written."""
    if run.model == EXTRACTIVE or not deps.budgets.limits_something:
        return None
    shown = (HISTORY_CHARS + QUESTION_CHARS) // CHARACTERS_A_TOKEN
    shown += sum(picture.tokens for picture in pictures)
    tries = _tries(options)
    given = tries * (options.context_tokens + shown + RULES_TOKENS) + REWRITE_INPUT_TOKENS
    made = tries * options.max_tokens + REWRITE_TOKENS
    call = Call(given + made, deps.models.facts(run.model).micros(given, made))
    return await hold(
        run_log.fence, run_log.run_id, account_id=run.account_id, call=call, budgets=deps.budgets
    )


def _counted(deps: ReplyDeps, run: Run, ending: Ending, *, prompt: Prompt) -> Ending:
    """Return the ending with its cost, and with who wrote; tokens that a broken stream did not tell are estimated."""
    answered_by = ending.answered_by or run.model
    usage = ending.usage or Usage(0, 0)
    if ending.state in ("stopped", "failed") and ending.error_code != "model_refused":
        asked = sum(tokens_in(message.content) for message in prompt.messages)
        if ending.saw_images:
            asked += sum(picture.tokens for picture in prompt.pictures)
        usage = Usage(usage.input_tokens or asked, usage.output_tokens)
    micros = deps.models.facts(answered_by).micros(usage.input_tokens, usage.output_tokens)
    return replace(ending, usage=usage, answered_by=answered_by, cost_micros=micros)


async def _tell(
    run_log: RunLog, found: Found, prompt: Prompt, *, asked: _Asked, wanted: Wanted
) -> Trace:
    """Show what was retrieved and keep it as the run's trace."""
    query = TracedQuery(asked.question, asked.standalone.query, asked.standalone.by)
    trace = traced(found, prompt, query=query, wanted=wanted, rewrite_ms=asked.rewrite_ms)
    await run_log.append([Entry("retrieval.done", told(found, prompt.sources, query=query))])
    await _keep(run_log, trace)
    return trace


async def _keep(run_log: RunLog, trace: Trace) -> None:
    # The first words wait for this, and their own commit takes it along.
    async with run_log.fence.tx(waits_for_disk=False) as conn:
        run = {"workspace_id": run_log.fence.workspace_id, "run_id": run_log.run_id}
        await execute(conn, KEEP_TRACE, **run, trace=as_json(trace))


def _with_usage(ending: Ending, more: Usage | None) -> Ending:
    """Return the ending with the tokens that rewriting the question took."""
    if more is None:
        return ending
    own = ending.usage or Usage(0, 0)
    total = Usage(own.input_tokens + more.input_tokens, own.output_tokens + more.output_tokens)
    return replace(ending, usage=total)


def _held_to(options: ReplyOptions, ending: Ending) -> Ending:
    """Where citations are required, an answer without one counts as none."""
    unsupported = ending.grounding is None or not ending.grounding.supported
    if options.citations == "required" and ending.state == "complete" and unsupported:
        return Ending("abstained", ending.usage, ending.grounding)
    return ending


def _failed(code: str, message: str) -> Ending:
    return Ending("failed", error_code=code, error=message)
