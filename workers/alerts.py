"""Tell people what their saved searches newly find: take what is new, ask every search, write down what was found.

A round may run on any worker, at any time, any number of times: the row of a match is its report, written with the notice
and the webhook's job in one transaction, and the news goes when all searches were asked. Who crashes before that leaves
the news to be taken again, and finds what is written already.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis

from core.errors import CallerError
from core.events import nudge
from core.ids import new_id
from search.notices import NewNotice, add_notice, notice_topic
from search.saved import SavedSearch, find_admitted, list_alerting, match_words, wanted_by
from search.statistics import read_basis
from sql import execute, fetch, read, write
from sql.pool import Pool
from workers.queue import enqueue_call, ring

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_NEWS: Final = 100  # transactions taken at once
_NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Portions:
    """How much is asked and told at once."""

    passages: int = 500
    matches: int = 20  # of one notice; more make more notices
    hold_s: float = 30.0  # a worker that died keeps its news for so long


USUAL: Final = Portions()


@dataclass(frozen=True, slots=True)
class News:
    """An item or (not None) some passages of it that can be found now."""

    workspace_id: UUID
    id: UUID
    item_id: UUID
    passage_ids: list[UUID] | None


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Added:
    subject_id: UUID


TAKE_NEWS = write("saved_search.sql", "take_news", News)
HOLD_NEWS = write("saved_search.sql", "hold_news")
REMOVE_NEWS = write("saved_search.sql", "remove_news")
LIST_FRESH_PASSAGES = read("saved_search.sql", "list_fresh_passages", _Id)
ADD_MATCHES = write("saved_search.sql", "add_matches", _Added)
REMOVE_OLD_NOTIFICATIONS = write("saved_search.sql", "remove_old_notifications")


async def remove_old_notices(pool: Pool) -> int:
    """Remove what was told long ago; return how many notices."""
    async with pool.write_tx() as conn:
        return await execute(conn, REMOVE_OLD_NOTIFICATIONS)


class Alerts:
    """The searches of all workspaces, one workspace after the other."""

    def __init__(
        self, worker: Pool, app: Pool, redis: Redis, *, portions: Portions = USUAL
    ) -> None:
        self._worker = worker
        self._app = app
        self._redis = redis
        self._portions = portions
        self._last = _NONE  # the workspace that had its turn

    async def round(self) -> int:
        """Work off whatever is new; return how many notices were written."""
        notices = 0
        while news := await self._take():
            self._last = news[0].workspace_id
            notices += await self._tell(self._last, news)
        return notices

    async def _take(self) -> list[News]:
        async with self._worker.write_tx() as conn:
            return await fetch(
                conn, TAKE_NEWS, after=self._last, most=MOST_NEWS, hold_s=self._portions.hold_s
            )

    async def _tell(self, workspace_id: UUID, news: Sequence[News]) -> int:
        notices, held_at = 0, time.monotonic()
        named = {"workspace_id": workspace_id, "ids": [part.id for part in news]}
        async for passage_ids in self._passages(workspace_id, news):
            async for searches in self._searches(workspace_id):
                notices += await self._ask(workspace_id, searches, passage_ids)
                if time.monotonic() - held_at > self._portions.hold_s / 3:
                    held_at = time.monotonic()
                    async with self._worker.tenant_tx(workspace_id) as conn:
                        await execute(conn, HOLD_NEWS, **named, hold_s=self._portions.hold_s)
        async with self._worker.tenant_tx(workspace_id) as conn:
            await execute(conn, REMOVE_NEWS, **named)
        return notices

    async def _passages(
        self, workspace_id: UUID, news: Sequence[News]
    ) -> AsyncGenerator[list[UUID]]:
        """Yield what the news is made of, as far as search shows it."""
        passage_ids = [id_ for part in news for id_ in part.passage_ids or ()]
        item_ids = [part.item_id for part in news if part.passage_ids is None]
        rows, after = [_Id(_NONE)], _NONE
        while rows:
            async with self._worker.tenant_tx(workspace_id) as conn:
                rows = await fetch(
                    conn,
                    LIST_FRESH_PASSAGES,
                    workspace_id=workspace_id,
                    passage_ids=passage_ids,
                    item_ids=item_ids,
                    after=after,
                    most=self._portions.passages,
                )
            if rows:
                after = rows[-1].id
                yield [row.id for row in rows]

    async def _searches(self, workspace_id: UUID) -> AsyncGenerator[list[SavedSearch]]:
        after = _NONE
        while True:
            async with self._worker.tenant_tx(workspace_id) as conn:
                searches = await list_alerting(conn, workspace_id, after=after)
            if not searches:
                return
            after = searches[-1].id
            yield searches

    async def _ask(
        self, workspace_id: UUID, searches: Sequence[SavedSearch], passage_ids: Sequence[UUID]
    ) -> int:
        """Ask a page of searches about some passages; return how many notices came of it."""
        async with self._worker.tenant_tx(workspace_id) as conn:
            basis = await read_basis(conn, workspace_id, lexemes=[])
        wanted = wanted_by(searches, basis.langs if basis else [])
        found = await match_words(self._worker, workspace_id, wanted, passage_ids=passage_ids)
        asked = {search.id: search for search in searches}
        notices = 0
        for match in found:
            search = asked[match.search_id]
            try:
                admitted = await find_admitted(
                    self._app, workspace_id, search, passage_ids=match.passage_ids
                )
            except CallerError as error:  # saved when it was still understood
                log.warning("cannot ask", saved_search_id=str(search.id), error=str(error))
                continue
            notices += await self._report(workspace_id, search, admitted)
        return notices

    async def _report(
        self, workspace_id: UUID, search: SavedSearch, passage_ids: Sequence[UUID]
    ) -> int:
        """Write notices until everything found is in one; return how many."""
        notices = 0
        while passage_ids and await self._write(workspace_id, search, passage_ids):
            notices += 1
        if notices:
            log.info("told of matches", saved_search_id=str(search.id), notices=notices)
            await nudge(self._redis, notice_topic(search.account_id))
            if search.calls:
                await ring(self._redis, "call_webhook")
        return notices

    async def _write(
        self, workspace_id: UUID, search: SavedSearch, passage_ids: Sequence[UUID]
    ) -> bool:
        """Write the next notice with its matches and its call; return False when there is nothing to tell."""
        notification_id = new_id()
        async with self._worker.tenant_tx(workspace_id) as conn:
            added = await fetch(
                conn,
                ADD_MATCHES,
                workspace_id=workspace_id,
                notification_id=notification_id,
                search_id=search.id,
                passage_ids=list(passage_ids),
                most=self._portions.matches,
            )
            if not added:
                return False
            notice = NewNotice(
                notification_id,
                search.account_id,
                "saved_search.matches",
                search.id,
                is_called=search.calls,
            )
            await add_notice(conn, workspace_id, notice)
            if search.calls:
                scope = search.scope(workspace_id)
                await enqueue_call(conn, scope, notification_id=notification_id)
        return True
