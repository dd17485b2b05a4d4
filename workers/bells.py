"""Hear the doorbells that `queue.ring` rings, by arq; nothing else runs in arq.

Its worker ends with the first error of Redis; here it is started again for as long as the process lives, and meanwhile
the drains look by themselves. No job depends on what arq remembers, retries or times out.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from workers.queue import BELL, BELL_QUEUE, JobKind, pack_bell, unpack_bell

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LOOK_S: Final = 0.1  # arq asks Redis this often: the mean wait of a bell is half of it
AGAIN_S: Final = 1.0
_READ = 200  # bells at a time; each takes microseconds


async def hear_bells(redis: Redis, heard: Callable[[JobKind], None]) -> None:
    """Call `heard` for each bell, for ever."""
    while True:
        try:
            await _worker(redis, heard).main()
        except (RedisError, OSError) as error:
            log.warning("bells are not heard", error=str(error))
            await asyncio.sleep(AGAIN_S)


def _worker(redis: Redis, heard: Callable[[JobKind], None]) -> Worker:
    async def hear_bell(ctx: dict[object, object], kind: JobKind) -> None:
        del ctx
        heard(kind)

    pool = cast("ConnectionPool", redis.connection_pool)
    return Worker(
        functions=[func(hear_bell, name=BELL, keep_result=0, timeout=5, max_tries=1)],
        queue_name=BELL_QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=pack_bell, job_deserializer=unpack_bell),
        job_serializer=pack_bell,
        job_deserializer=unpack_bell,
        handle_signals=False,
        poll_delay=LOOK_S,
        max_jobs=_READ,
        queue_read_limit=_READ,
        keep_result=0,
        health_check_interval=5,
        log_results=False,
    )
