"""Who asks in bench/scale.py: members drawn at random, so that large workspaces are asked more, each signed in."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Final
from urllib.parse import quote

import asyncpg

from app.sessions import hash_token
from bench.open_loop import Ask
from bench.scale_recall import Reader
from core.ids import new_id
from core.scope import Scope

READERS: Final = 4  # of a bucket, each in another workspace
# In the order of a hash: as good as random, and the same people each time for one corpus.
MEMBERS: Final = """
    SELECT m.workspace_id, m.account_id, m.role, c.passage_count
    FROM membership m
    JOIN corpus_stat c ON c.workspace_id = m.workspace_id
    ORDER BY md5(m.account_id::text), m.workspace_id
"""


async def make_askers(owner: asyncpg.Connection, count: int) -> list[Ask]:
    """Return sessions of that many members; each is to be filled with a path."""
    askers = list[Ask]()
    until = datetime.now(UTC) + timedelta(days=1)
    for row in (await owner.fetch(MEMBERS))[:count]:
        token = secrets.token_urlsafe(32)
        await owner.execute(
            "INSERT INTO session (id, account_id, token_hash, csrf_token, kind, expires_at) "
            "VALUES ($1, $2, $3, '', 'bearer', $4)",
            new_id(), row["account_id"], hash_token(token), until,
        )  # fmt: skip
        askers.append(Ask("", token, str(row["workspace_id"])))
    return askers


def asks_of(route: str, texts: Iterable[str], askers: list[Ask]) -> list[Ask]:
    """Return the texts asked by one after the other."""
    return [
        Ask(route + quote(text), asker.token, asker.workspace)
        for text, asker in zip(texts, cycle(askers), strict=False)
    ]


async def make_readers(owner: asyncpg.Connection) -> Mapping[str, list[Reader]]:
    """Return some members by the size of their workspace, the smallest first."""
    buckets: dict[int, dict[object, Reader]] = defaultdict(dict)
    for row in await owner.fetch(MEMBERS):
        scope = Scope(row["account_id"], row["workspace_id"], row["role"])
        bucket = buckets[len(str(row["passage_count"])) - 1]
        if len(bucket) < READERS:
            bucket.setdefault(scope.workspace_id, Reader(scope, row["passage_count"]))
    return {f"from {10**n:,}": list(buckets[n].values()) for n in sorted(buckets)}
