"""Let a model write into a run's log: its deltas through the citation check, in small batches, until it ends or is stopped.

A batch is committed before it is shown: the first words at once, then what came within 40 ms or 5 deltas. The vendor's
stream is read by a task of its own, whose cancellation closes the connection, so a stop never waits for the next word.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from core.errors import Unavailable
from core.events import Feed
from core.tasks import end
from llm.chat import (
    Answering,
    ChatEvent,
    ChatMessage,
    ChatModel,
    Cited,
    Delta,
    Finish,
    ModelNotAsked,
    ModelRefused,
    ModelUnavailable,
    Source,
    Thinking,
    Unseen,
    Usage,
)
from llm.citations import Citation, CitationStream, Grounding, TextOut
from llm.grounding import OnlySupported, ground
from llm.prompt import ABSTENTION, abstained
from llm.run_log import FIND_PROGRESS, Ending, RunLog
from llm.sentences import Span
from llm.spent import spent
from sql import fetch_one

FLUSH_AFTER_S = 0.04
FLUSH_DELTAS = 5
T = TypeVar("T")
STOP_LOOK_S = (
    0.9  # a stop whose nudge was lost is seen this late while the model is silent: within a second
)


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is asked; `sources` are those that it may cite."""

    messages: Sequence[ChatMessage]
    sources: Sequence[Source]
    max_tokens: int
    image_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that nobody has been shown: what its citations bear out, in `kept` sentences, and the claims that lack one."""

    pieces: Sequence[TextOut | Citation]
    kept: int
    left_out: Sequence[str]
    ending: Ending


@dataclass(frozen=True, slots=True)
class _Stop:
    """Somebody asked the run to stop."""


@dataclass(frozen=True, slots=True)
class _Broke:
    """The model's stream ended in an error."""

    error: BaseException


STOP = _Stop()
_Heard = ChatEvent | _Stop | _Broke


async def generate(model: ChatModel, task: Task, *, log: RunLog, feed: Feed) -> Ending:
    """Append the model's answer to the log and return how it ended."""
    answer = _Answer(task, log, CitationStream(task.sources))
    return await _write(answer, model, feed=feed)


async def draft(model: ChatModel, task: Task, *, log: RunLog, feed: Feed) -> Draft:
    """Return the model's answer without the claims that no citation bears out; the log gets nothing of it yet."""
    strict = OnlySupported()
    answer = _Answer(task, log, CitationStream(task.sources), strict)
    ending = await _write(answer, model, feed=feed)
    return Draft(answer.held, strict.kept, strict.left_out, ending)


async def _write(answer: "_Answer", model: ChatModel, *, feed: Feed) -> Ending:
    heard: asyncio.Queue[_Heard] = asyncio.Queue()
    log = answer.log
    async with _beside(heard, _listen(model, answer.task, heard), _await_stop(log, feed, heard)):
        last = await answer.write(heard)
    await answer.close()
    return replace(answer.ending(last), answered_by=answer.answered_by, saw_images=answer.sees)


@dataclass(slots=True)
class _Answer:
    """What has been written so far, and the batch that waits to be; a strict one is held, not shown."""

    task: Task
    log: RunLog
    citations: CitationStream
    strict: OnlySupported | None = None
    answered_by: str = ""
    sees: bool = True
    told: Usage | None = None  # of the tokens, by the provider
    written: list[str] = field(default_factory=list[str])  # by the model, markers and all
    text: list[str] = field(default_factory=list[str])
    cited: list[Span] = field(default_factory=list[Span])
    batch: list[TextOut | Citation] = field(default_factory=list[TextOut | Citation])
    held: list[TextOut | Citation] = field(default_factory=list[TextOut | Citation])
    deltas: int = 0
    due: float | None = None  # when the batch must go, by the loop's clock

    async def write(self, heard: "asyncio.Queue[_Heard]") -> Finish | _Stop | _Broke:
        """Take what is heard until the last of it."""
        while True:
            event = await self._next(heard)
            if isinstance(event, Finish | _Stop | _Broke):
                return event
            await self._take_in(event)
            if self.log.stop_requested:
                return _Stop()

    async def _take_in(
        self, event: Delta | Cited | Answering | Unseen | Thinking | Usage | None
    ) -> None:
        """Do what an event asks for; None is a batch that is due."""
        if event is None:
            await self._flush()
        elif isinstance(event, Delta):
            self.written.append(event.text)
            await self._add(self.citations.feed(storable(event.text)))
        elif isinstance(event, Cited):
            await self._add(self.citations.cite(event.ref, storable(event.quote)))
        elif isinstance(event, Answering):
            self.answered_by, self.sees, self.told = event.name, True, None
        elif isinstance(event, Unseen):
            self.sees = False
        elif isinstance(event, Usage):
            self.told = event

    async def close(self) -> None:
        """Write what was held back."""
        self._take(self.citations.finish())
        if self.strict is not None:
            self.batch += self.strict.finish()
            if not self.text and not self.batch:
                self.batch.append(TextOut(ABSTENTION))
        await self._flush()

    def grounding(self) -> Grounding:
        """Return what the citations came to over the whole answer."""
        whole = ground("".join(self.text), self.cited)
        left_out = len(self.strict.left_out) if self.strict else 0
        counts = self.citations.grounding
        return replace(
            counts,
            removed=counts.removed + left_out,
            share=whole.share,
            unsupported=whole.unsupported,
        )

    def ending(self, last: Finish | _Stop | _Broke) -> Ending:
        grounding, usage = self.grounding(), self._spent(last)
        if isinstance(last, _Stop):
            return Ending("stopped", usage, grounding)
        if isinstance(last, _Broke):
            return _failed(last.error, usage, grounding)
        if last.reason == "refused":
            return Ending("failed", usage, grounding, "refused", "The model declined to answer.")
        if last.reason == "abstained" or abstained("".join(self.text)):
            return Ending("abstained", usage, grounding)
        return Ending("complete", usage, grounding)

    def _spent(self, last: Finish | _Stop | _Broke) -> Usage | None:
        if isinstance(last, _Broke) and isinstance(last.error, ModelRefused | ModelNotAsked):
            return self.told
        return spent(
            self.told,
            self.task.messages,
            "".join(self.written),
            has_ended=isinstance(last, Finish),
            image_tokens=self.task.image_tokens if self.sees else 0,
        )

    async def _next(self, heard: "asyncio.Queue[_Heard]") -> _Heard | None:
        """Return what comes next, None when the batch is due before it."""
        try:
            async with asyncio.timeout_at(self.due):
                return await heard.get()
        except TimeoutError:
            return None

    async def _add(self, pieces: Sequence[TextOut | Citation]) -> None:
        self._take(pieces)
        self.deltas += 1
        now = asyncio.get_running_loop().time()
        self.due = self.due or now + FLUSH_AFTER_S
        is_first = not self.text
        has_citation = any(isinstance(piece, Citation) for piece in self.batch)
        if is_first or has_citation or self.deltas >= FLUSH_DELTAS or now >= self.due:
            await self._flush()

    def _take(self, pieces: Sequence[TextOut | Citation]) -> None:
        self.batch += pieces if self.strict is None else self.strict.feed(pieces)

    async def _flush(self) -> None:
        pieces, self.batch, self.deltas, self.due = self.batch, [], 0, None
        self.text += [piece.text for piece in pieces if isinstance(piece, TextOut)]
        self.cited += [
            Span(piece.answer_start, piece.answer_end)
            for piece in pieces
            if isinstance(piece, Citation)
        ]
        if self.strict is None:
            await self.log.append_pieces(pieces)
        else:
            self.held += pieces


def storable(text: str) -> str:
    """Return text that PostgreSQL can hold: without NUL, lone surrogates replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _failed(error: BaseException, usage: Usage | None, grounding: Grounding) -> Ending:
    if not isinstance(error, ModelUnavailable | ModelRefused):
        raise error  # no model's fault, hence a bug
    code = "model_unavailable" if error.retryable else "model_refused"
    return Ending("failed", usage, grounding, code, error.message, error.retryable)


async def _listen(model: ChatModel, task: Task, heard: "asyncio.Queue[_Heard]") -> None:
    try:
        async with aclosing(model.stream(task.messages, max_tokens=task.max_tokens)) as events:
            async for event in events:
                heard.put_nowait(event)
    except (ModelUnavailable, ModelRefused) as error:
        heard.put_nowait(_Broke(error))


async def _await_stop(log: RunLog, feed: Feed, heard: "asyncio.Queue[_Heard]") -> None:
    with feed.listen(stop_topic(log.run_id)) as ear:
        while not await _is_stopped(log):
            await ear.heard(within_s=STOP_LOOK_S)
    heard.put_nowait(_Stop())


async def unless_stopped(work: Coroutine[None, None, T], *, log: RunLog, feed: Feed) -> T | _Stop:
    """Return what the work returns, or STOP as soon as somebody asks the run to stop."""
    heard: asyncio.Queue[_Heard] = asyncio.Queue()
    doing, stopped = asyncio.create_task(work), asyncio.create_task(_await_stop(log, feed, heard))
    try:
        await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else STOP
    finally:
        await end([doing, stopped])


def stop_topic(run_id: UUID) -> str:
    """Return what a nudge about a stop is called."""
    return f"stop:{run_id}"


async def _is_stopped(log: RunLog) -> bool:
    fence = log.fence
    try:
        async with fence.pool.tenant_tx(fence.workspace_id) as conn:
            progress = await fetch_one(
                conn, FIND_PROGRESS, workspace_id=fence.workspace_id, run_id=log.run_id
            )
    except Unavailable:
        return False  # the next save waits for the database; this only looks
    return progress.stop_requested


@asynccontextmanager
async def _beside(
    heard: "asyncio.Queue[_Heard]", *work: Coroutine[None, None, None]
) -> AsyncGenerator[None]:
    """Run coroutines until the body ends; what one of them did not expect is heard, and raised there."""

    def tell(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            heard.put_nowait(_Broke(error))

    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(tell)
    try:
        yield
    finally:
        await end(tasks)
