"""F17: one of two API processes is killed while people watch conversations and messages go on (invariant I6)."""

import signal

import pytest
import structlog

from bench.realtime import furnish, open_all, restart
from core.tasks import end
from tests.faults.counts import times

SOCKETS, KILLS = times(60, full=1000), times(1, full=3)
MESSAGES_PER_S = 50
log = structlog.get_logger()
pytestmark = pytest.mark.timeout(600)


async def test_every_watcher_comes_back_and_has_each_change_once(apis, resources, database_url):
    ports = [api.port for api in apis]
    rooms, watchers = await furnish(resources, database_url, sockets=SOCKETS, ports=ports)
    tasks = await open_all(watchers)
    for n in range(KILLS):
        cost = await restart(
            resources,
            rooms,
            watchers,
            apis[n % 2],
            rate=MESSAGES_PER_S,
            by=signal.SIGKILL,
            seconds=times(3, full=15),
        )
        log.info("all are back", cost=cost)
        assert cost.away >= SOCKETS / 3
        assert (cost.lost, cost.out_of_order) == (0, 0)
    await end(tasks)
    for one in watchers:
        assert one.seqs == list(range(1, max(one.room.committed) + 1))
