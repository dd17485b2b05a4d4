"""How fast conversations are: pages of one with 100,000 messages, and everyday work at 100 requests a second.

    .venv/bin/python -m bench.conversations [--messages 100000] [--rate 100] [--seconds 20]

The whole product on one machine, with the fake embedder. The long conversation is written in bulk: a chain of messages
with a hundred versions of its last one. Pages are asked for one after another beside a route that does nothing; the
everyday work (list, open, post, edit, delete, rename, begin) is sent at its rate whether or not answers come, and its
latency counts from when it was due. Prints Markdown.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import numpy as np

from bench.open_loop import arrivals
from bench.scale_statements import count_statements, reset_statements
from bench.serving import Answer, Lines, machine, say
from core.ids import new_id
from tests.faults.product import Product, signed_up

SEED = 4512
ASKS = 200  # of each kind of page
FILL = """
    INSERT INTO message (workspace_id, id, conversation_id, parent_id, branch_id, seq, role, author_id, content, created_at)
    SELECT $1, ids.id, $2, lag(ids.id) OVER (ORDER BY n), first_value(ids.id) OVER (ORDER BY n), n, 'user', $3,
        'Message number ' || n || ' of a long talk', now() - interval '1 second' * ($4 - n)
    FROM unnest($5::uuid[]) WITH ORDINALITY AS ids (id, n)
"""
VERSIONS = """
    INSERT INTO message (workspace_id, id, conversation_id, parent_id, seq, role, author_id, content)
    SELECT $1, ids.id, $2, $3, $4 + n, 'user', $5, 'Another last one'
    FROM unnest($6::uuid[]) WITH ORDINALITY AS ids (id, n)
"""


async def main() -> None:
    given = arguments()
    say(machine())
    with tempfile.TemporaryDirectory(prefix="recollect-bench-") as scratch:
        product = Product(Path(scratch) / "home", LOG_LEVEL="WARNING", REGISTRATION="open")
        await product.start()
        owner = await asyncpg.connect(product.database_url())
        await owner.execute("CREATE EXTENSION pg_stat_statements")
        await owner.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        await owner.close()
        await product.stop()
        product = Product(Path(scratch) / "home", LOG_LEVEL="WARNING", REGISTRATION="open")
        await product.start()
        try:
            async with signed_up(product, "ada") as client:
                owner = await asyncpg.connect(product.database_url())
                try:
                    await pages(client, owner, messages=given.messages)
                    token = client.headers["Authorization"].removeprefix("Bearer ")
                    caller = Caller(Lines(product), token)
                    await everyday(caller, owner, rate=given.rate, seconds=given.seconds)
                    caller.lines.close()
                finally:
                    await owner.close()
        finally:
            await product.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    return parser.parse_args()


async def pages(client: httpx.AsyncClient, owner: asyncpg.Connection, *, messages: int) -> None:
    """Print what pages of a long conversation take."""
    conversation = (await client.post("/conversations", json={"title": "Long"})).json()["id"]
    me = (await client.get("/auth/me")).json()
    ids = [new_id() for _ in range(messages)]
    ws = me["workspace_id"]
    await owner.execute(FILL, ws, conversation, me["id"], messages, ids)
    others = [new_id() for _ in range(100)]
    await owner.execute(VERSIONS, ws, conversation, ids[-2], messages, me["id"], others)
    await owner.execute(
        "UPDATE conversation SET last_seq = $2 WHERE id = $1", conversation, messages + 100
    )
    # Nobody writes so much at one go: its aftermath is not to be measured.
    for settle in ("VACUUM (ANALYZE) message, conversation", "CHECKPOINT"):
        await owner.execute(settle)
    chance = random.Random(SEED)
    path = f"/conversations/{conversation}"
    kinds: dict[str, Callable[[], str]] = {
        "a route that does nothing (/healthz)": lambda: client.base_url.join("/healthz").path,
        "the end, 50 messages": lambda: path,
        "around a message anywhere, 50 on either side": lambda: (
            f"{path}?around={chance.choice(ids)}"
        ),
        "100 before a message anywhere": lambda: (
            f"{path}?around={chance.choice(ids)}&before=100&after=0"
        ),
        "the whole tree's end": lambda: f"{path}?view=tree",
        "the first page of the list, 100": lambda: f"{path}/messages?limit=100",
    }
    say("\n| page | p50 ms | p95 ms | statements |\n| --- | --- | --- | --- |")
    for name, where in kinds.items():
        await reset_statements(owner)
        took_ms = [await took(client, where()) for _ in range(ASKS)]
        counted = await count_statements(owner, ASKS)
        p50, p95 = np.percentile(took_ms, [50, 95])
        say(f"| {name} | {p50:.1f} | {p95:.1f} | {counted.each:.1f} |")


async def took(client: httpx.AsyncClient, path: str) -> float:
    start = time.perf_counter()
    url = client.base_url.join(path) if path == "/healthz" else path
    (await client.get(url)).raise_for_status()
    return (time.perf_counter() - start) * 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends requests of one person."""

    lines: Lines
    token: str

    async def send(self, method: str, path: str, body: object = None) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        async with self.lines.lent() as line:
            return await line.send(method, f"/api/v1{path}", token=self.token, body=content)


async def kinds_of_work(
    send: Callable[..., Awaitable[Answer]], chance: random.Random
) -> list[Callable[[], Awaitable[Answer]]]:
    """Begin fifty conversations with a hundred messages, and return what people do with them."""
    said: list[str] = []

    async def begin(title: str) -> Answer:
        return await send("POST", "/conversations", {"title": title})

    talks = [id_of(await begin(f"Talk {n}")) for n in range(50)]

    def talk() -> str:
        return f"/conversations/{chance.choice(talks)}"

    async def post() -> Answer:
        body = {"content": "When does the pension start, and for whom?"}
        answer = await send("POST", f"{talk()}/messages", body)
        if answer.status == 201:  # not refused
            said.append(id_of(answer))
        return answer

    for _ in range(100):
        await post()
    return [
        lambda: send("GET", "/conversations"),
        lambda: send("GET", talk()),
        lambda: send("GET", f"{talk()}/messages"),
        post,
        lambda: send("PATCH", f"/messages/{chance.choice(said)}", {"content": f"At {chance.random()}"}),
        lambda: send("DELETE", f"/messages/{said.pop()}"),
        lambda: send("PATCH", talk(), {"title": f"At {chance.random()}"}),
        lambda: begin("New"),
    ]  # fmt: skip


async def everyday(
    caller: Caller, owner: asyncpg.Connection, *, rate: float, seconds: float
) -> None:
    """Print what everyday work takes at a rate."""
    chance = random.Random(SEED)
    work = await kinds_of_work(caller.send, chance)
    count = int(rate * seconds)
    await reset_statements(owner)
    start = time.perf_counter() + 0.2
    due = [start + at for at in arrivals(count, rate=rate)]
    answers = await asyncio.gather(*(ask(chance.choice(work), due=at) for at in due))
    counted = await count_statements(owner, count)
    took_ms = [ms for ms, _ in answers]
    bad = sum(status >= 400 for _, status in answers)
    p95, p99 = np.percentile(took_ms, [95, 99])
    say(
        f"\nAt {rate:.0f} requests a second, {count} of them, {bad} refused or failed: average {np.mean(took_ms):.1f} ms,"
    )
    say(f"p95 {p95:.1f}, p99 {p99:.1f}; {counted.each:.1f} statements a request. The costliest:\n")
    say(
        "| statement | a request | mean ms | most ms | share of the time |\n| --- | --- | --- | --- | --- |"
    )
    for line in counted.costliest:
        say(line)


async def ask(work: Callable[[], Awaitable[Answer]], *, due: float) -> tuple[float, int]:
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    answer = await work()
    return (time.perf_counter() - due) * 1000, answer.status


def id_of(made: Answer) -> str:
    """Return the id of what was made."""
    return json.loads(made.body)["id"]


if __name__ == "__main__":
    asyncio.run(main())
