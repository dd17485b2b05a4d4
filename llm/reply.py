"""A reply, from the message to verified citations: retrieve -> prompt -> model -> log. The body of the job `reply`.

Retrieval is the function that the search route calls, with the rights that the asker has now. A run that had shown text
when its worker died ends as `interrupted` and is never written again by itself; one that had not starts over. Unavailable
is raised only before the first word, and means "again later".
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol
from uuid import UUID

import orjson
import structlog

from core.blobs import BlobStore
from core.errors import CallerError
from core.events import Feed
from core.scope import Role, Scope
from core.tasks import beside
from llm.budget import Budgets, hold
from llm.catalogue import EXTRACTIVE, Facts
from llm.chat import ChatMessage, ChatModel, Source, Usage
from llm.cost import counted, fit, most
from llm.followup import Standalone, carry_over, rewrite, rewriting
from llm.generate import Task, generate, unless_stopped
from llm.images import Picture, Question, find_pictures
from llm.interrupted import lost_ending
from llm.options import ReplyOptions, read_options
from llm.prompt import (
    ABSTENTION,
    QUESTION_CHARS,
    Prompt,
    build_prompt,
    in_prose,
    recent,
)
from llm.retrieval import Wanted, find_sources
from llm.run_log import Announce, EmbedLater, Ending, Entry, RunLog, RunState
from llm.spent import asked_tokens
from llm.supported import generate_supported
from llm.title import TitleLater, have_named
from llm.trace import Room, Trace, TracedQuery, Wording, as_json, images_refused, told, traced
from search.retrieve import Searcher
from sql import execute, fetch, fetch_one, read, write
from sql.fence import Fence
from sql.pool import Conn

log = structlog.get_logger(__name__)

MOST_TURNS = 20  # looked at; the prompt's budget decides how many are given
Follower = Literal["embed_message", "title"]  # kinds of jobs


class ModelsByName(Protocol):
    """The configured chat models: app.chat_models.ChatModels."""

    @property
    def default(self) -> str: ...

    def facts(self, name: str) -> Facts: ...

    def chain(self, name: str) -> Sequence[str]: ...

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
    if run.has_text or run.state != "running":
        ending = await _lost(fence, run_id)
    else:
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


async def _lost(fence: Fence, run_id: UUID) -> Ending:
    reason = "The worker was lost while it wrote; what it had written is kept."
    async with fence.tx(waits_for_disk=False) as conn:
        return await lost_ending(conn, fence.workspace_id, run_id=run_id, reason=reason)


def _foregone(run: Run, turns: Sequence[Turn]) -> Ending | None:
    """Return the end of a run that needs no writing."""
    if run.stop_requested:
        return Ending("stopped")
    if run.role is None:
        return _failed("no_access", "You may no longer read this conversation.")
    if not turns or turns[0].id != run.prompt_message_id:
        return _failed("prompt_deleted", "The message to answer was deleted.")
    return None


@dataclass(frozen=True, slots=True)
class _Ready:
    """What the model is asked, and how it came to that."""

    prompt: Prompt
    standalone: Standalone
    trace: Trace
    told: str  # of what was retrieved, to the run's readers


async def _write(deps: ReplyDeps, run_log: RunLog, run: Run, *, turns: Sequence[Turn]) -> Ending:
    """Retrieve, and have the model write; a request that cannot be served ends the run as failed.

    What readers are told on the way is committed beside the work that comes next, so that the first words wait for neither.
    """
    async with beside(_say_started(run_log, run)):
        ready = await _prepare(deps, run_log, run, turns=turns)
    if isinstance(ready, Ending):
        return ready
    async with beside(_tell(run_log, ready)):
        answer = await _answer(deps, run_log, run, ready)
    if answer.trace != ready.trace:
        async with run_log.fence.tx(waits_for_disk=False) as conn:
            await _keep(conn, run_log, answer.trace)
    return answer.ending


async def _say_started(run_log: RunLog, run: Run) -> None:
    if run.last_seq == 0:
        await run_log.append([Entry("run.started", orjson.dumps({"model": run.model}).decode())])


async def _prepare(
    deps: ReplyDeps, run_log: RunLog, run: Run, *, turns: Sequence[Turn]
) -> _Ready | Ending:
    """Make the question stand alone, find its sources and put the prompt together."""
    assert run.role is not None, "checked by _foregone"
    scope = Scope(run.account_id, run_log.fence.workspace_id, run.role)
    request = read_options(run.request)
    pictures = await _pictures(deps, scope, run, options=request)
    earlier = [(turn.id, ChatMessage(turn.role, turn.content)) for turn in turns[1:]]
    shown = recent(earlier)
    around = [ChatMessage("user", turns[0].content[:QUESTION_CHARS]), *shown.values()]
    tokens = asked_tokens(around) + sum(picture.tokens for picture in pictures)
    options = fit(request, deps.models.facts(run.model), shown=tokens)
    if refused := await _held(deps, run_log, run, options=options, pictures=pictures):
        return refused
    before = [turn for _, turn in earlier]
    try:
        asked = await _asked(deps, run_log, run, turns[0].content, before, options=options)
    except CallerError as error:
        return _failed("model_unknown", error.message)
    if isinstance(asked, Ending):
        return asked
    wanted = Wanted(
        question=turns[0].content,
        query=asked.standalone.query,
        conversation_id=run.conversation_id,
        options=options,
        given=frozenset({run.prompt_message_id, *shown}),
        attachments=tuple(run.attachments),
    )
    found = await find_sources(deps.searcher, scope, wanted)
    history = list(shown.values())
    prompt = build_prompt(turns[0].content, found.sources, history=history, pictures=pictures)
    query = TracedQuery(turns[0].content, asked.standalone.query, asked.standalone.by)
    price = deps.models.facts(run.model).price
    wording = Wording(query, asked.standalone.usage, asked.rewrite_ms)
    trace = traced(found, prompt, wording=wording, wanted=wanted, price=price)
    if options != request:
        trace = replace(trace, cut_from=Room(request.context_tokens, request.max_tokens))
    return _Ready(prompt, asked.standalone, trace, told(found, prompt.sources, query=query))


async def _held(
    deps: ReplyDeps,
    run_log: RunLog,
    run: Run,
    *,
    options: ReplyOptions,
    pictures: Sequence[Picture],
) -> Ending | None:
    """Set aside what the reply may take; the run's end where a budget does not last."""
    if run.model == EXTRACTIVE or not deps.budgets.limits_something:
        return None
    chain = [deps.models.facts(each) for each in deps.models.chain(run.model)]
    refusal = await hold(
        run_log.fence,
        run_log.run_id,
        account_id=run.account_id,
        call=most(options, pictures, chain),
        budgets=deps.budgets,
    )
    return _failed("budget_spent", refusal) if refusal else None


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
    image_tokens = sum(picture.tokens for picture in prompt.pictures)
    if options.citations == "off":
        return Task(in_prose(prompt.messages), (), options.max_tokens, image_tokens)
    return Task(prompt.messages, prompt.sources, options.max_tokens, image_tokens)


@dataclass(frozen=True, slots=True)
class _Answer:
    """How it ended, and the trace with what came of it."""

    ending: Ending
    trace: Trace


async def _answer(deps: ReplyDeps, run_log: RunLog, run: Run, ready: _Ready) -> _Answer:
    """Have the answer written, with `citations: required` one that they bear out; without sources say that there is none."""
    prompt, trace, options = ready.prompt, ready.trace, ready.trace.options
    if not prompt.can_answer and options.abstain:
        await run_log.append([Entry("delta", orjson.dumps({"text": ABSTENTION}).decode())])
        return _Answer(_counted(deps, run, Ending("abstained"), ready.standalone), trace)
    query = ready.standalone.query
    model = deps.models.get(
        run.model, question=query, sources=prompt.sources, abstain=options.abstain
    )
    task = _task(prompt, options)
    if options.citations == "required":
        made = await generate_supported(model, task, log=run_log, feed=deps.feed)
        ending, trace = made.ending, replace(trace, tries=made.tries)
    else:
        ending = await generate(model, task, log=run_log, feed=deps.feed)
    if not ending.saw_images:
        trace = images_refused(trace)
    ending = replace(ending, answered_by=ending.answered_by or run.model)
    ending = _counted(deps, run, ending, ready.standalone)
    return _Answer(_held_to(options, ending), trace)


def _counted(deps: ReplyDeps, run: Run, ending: Ending, rewriting: Standalone) -> Ending:
    return counted(ending, model=run.model, rewriting=rewriting, facts=deps.models.facts)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question made to stand alone."""

    standalone: Standalone
    rewrite_ms: float


async def _asked(  # noqa: PLR0913  (who asks, what, after what)
    deps: ReplyDeps,
    run_log: RunLog,
    run: Run,
    question: str,
    before: Sequence[ChatMessage],
    *,
    options: ReplyOptions,
) -> _Asked | Ending:
    """Return what to search for, with the turns before it, the newest first; the run's end when it is stopped before."""
    began = time.monotonic()
    model = deps.models.get(run.model, question=question, sources=())
    if options.q:
        standalone = Standalone(options.q, "by the person")
    elif run.model == EXTRACTIVE or not before:
        standalone = carry_over(question, before)
    else:
        wording = rewrite(model, question, before)
        made = await unless_stopped(wording, log=run_log, feed=deps.feed)
        if not isinstance(made, Standalone):
            given = Usage(asked_tokens(rewriting(question, before)), 0)
            stopped = Standalone(question, "as asked", given)
            return _counted(deps, run, Ending("stopped"), stopped)
        standalone = made
    took_ms = round((time.monotonic() - began) * 1000, 2)
    return _Asked(standalone, took_ms)


async def _tell(run_log: RunLog, ready: _Ready) -> None:
    """Show what was retrieved and keep it as the run's trace."""
    keep = partial(_keep, run_log=run_log, trace=ready.trace)
    await run_log.append([Entry("retrieval.done", ready.told)], then=keep)


async def _keep(conn: Conn, run_log: RunLog, trace: Trace) -> None:
    run = {"workspace_id": run_log.fence.workspace_id, "run_id": run_log.run_id}
    await execute(conn, KEEP_TRACE, **run, trace=as_json(trace))


def _held_to(options: ReplyOptions, ending: Ending) -> Ending:
    """Where citations are required, an answer without one counts as none."""
    unsupported = ending.grounding is None or not ending.grounding.supported
    if options.citations == "required" and ending.state == "complete" and unsupported:
        return replace(ending, state="abstained")
    return ending


def _failed(code: str, message: str) -> Ending:
    return Ending("failed", error_code=code, error=message)
