"""A run to reply to, and a worker that replies: real rows, the real ledger, a model of the test's choice."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import asyncpg
import orjson

from api.conversations.posting import NewMessage, NewRun, post
from app.resources import Resources
from core.events import announce
from core.scope import Scope
from llm.budget import Budgets
from llm.catalogue import Facts, Price
from llm.chat import ChatModel, Source
from llm.reply import ReplyDeps, reply
from sql.fence import Fence
from tests.search.make import make_searcher
from tests.workers.made import make_conversation, make_message
from workers.ledger import claim, leased
from workers.queue import enqueue_embed_message, enqueue_title, ring

FACT = "The spare key hangs behind the blue door of the boiler room."
QUESTION = "Where does the spare key hang?"


@dataclass(frozen=True)
class Fixed:
    """The same model whatever is asked for."""

    model: ChatModel
    default: str = "openai:m"
    known: Facts = Facts(price=Price(1, 10))  # noqa: RUF009  (frozen)

    def facts(self, name: str) -> Facts:
        return self.known

    def chain(self, name: str) -> tuple[str, ...]:
        return (name,)

    def get(
        self, name: str, *, question: str, sources: Sequence[Source], abstain: bool = True
    ) -> ChatModel:
        return self.model


@dataclass(frozen=True)
class MadeRun:
    scope: Scope
    conversation_id: UUID
    message_id: UUID
    id: UUID


async def make_run(
    owner: asyncpg.Connection,
    resources: Resources,
    scope: Scope,
    *,
    question: str = QUESTION,
    facts: Sequence[str] = (FACT,),
    request: str = "{}",
    model: str = "extractive",
    attachments: tuple[UUID, ...] = (),
) -> MadeRun:
    """Post a question to be answered; `facts` are messages of another conversation."""
    notes = await make_conversation(owner, scope)
    for fact in facts:
        await make_message(owner, resources, scope, fact, conversation_id=notes)
    conversation_id = await make_conversation(owner, scope)
    async with resources.app.write_tx(scope) as conn:
        new = NewMessage(question, None, None, attachments)
        posted = await post(conn, scope, conversation_id, new=new, run=NewRun(model, request))
    assert posted.run_id is not None
    return MadeRun(scope, conversation_id, posted.message.id, posted.run_id)


def deps(
    resources: Resources,
    model: ChatModel | None = None,
    *,
    budgets: Budgets = Budgets(),  # noqa: B008  (frozen)
) -> ReplyDeps:
    return ReplyDeps(
        searcher=make_searcher(resources, cursor_key=b""),
        blobs=resources.blobs,
        models=resources.chat if model is None else Fixed(model),
        feed=resources.feed,
        announce=partial(announce, resources.redis),
        embed_later=enqueue_embed_message,
        title_later=enqueue_title,
        wake=partial(ring, resources.redis),
        budgets=budgets,
    )


@asynccontextmanager
async def fenced(resources: Resources) -> AsyncGenerator[Fence]:
    """Hold the lease of the next reply."""
    claimed = await claim(resources.worker, "reply")
    assert claimed is not None, "no reply is waiting"
    async with leased(resources.worker, claimed) as fence:
        yield fence


async def answer_next(resources: Resources, tools: ReplyDeps) -> None:
    """Do the job of the reply that is next, whichever that is, as a worker does."""
    claimed = await claim(resources.worker, "reply")
    assert claimed is not None, "no reply is waiting"
    async with leased(resources.worker, claimed) as fence:
        await reply(tools, fence, run_id=claimed.jobs[0].subject_id)


async def work(
    resources: Resources,
    run: MadeRun,
    model: ChatModel | None = None,
    *,
    budgets: Budgets = Budgets(),  # noqa: B008  (frozen)
) -> None:
    """Do the run's job as a worker does."""
    async with fenced(resources) as fence:
        await reply(deps(resources, model, budgets=budgets), fence, run_id=run.id)


@dataclass(frozen=True)
class Told:
    kind: str
    data: dict[str, object]


async def events_of(owner: asyncpg.Connection, run: MadeRun) -> list[Told]:
    """Return the run's log; its seq must have no gap."""
    rows = await owner.fetch(
        "SELECT seq, kind, data FROM run_event WHERE run_id = $1 ORDER BY seq", run.id
    )
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    return [Told(row["kind"], orjson.loads(row["data"])) for row in rows]


def text_of(events: Sequence[Told]) -> str:
    return "".join(str(event.data["text"]) for event in events if event.kind == "delta")


async def state_of(owner: asyncpg.Connection, run: MadeRun) -> tuple[object, ...]:
    """Return state and error of a run, and the state of its job."""
    row = await owner.fetchrow(
        "SELECT r.state, r.error_code, r.retryable, j.state FROM run r JOIN job j ON j.subject_id = r.id WHERE r.id = $1",
        run.id,
    )
    assert row is not None
    return tuple(row.values())


async def took(owner: asyncpg.Connection, run: MadeRun) -> tuple[int, ...]:
    """Return the tokens of a run and what they cost, in millionths."""
    row = await owner.fetchrow(
        "SELECT input_tokens, output_tokens, cost_micros FROM run WHERE id = $1", run.id
    )
    assert row is not None
    return tuple(row.values())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what a task of the test is about to do; the suite's time-out ends a wait in vain."""
    while not await condition():  # noqa: ASYNC110 the state is the database's, no Event tells of it
        await asyncio.sleep(0.02)
