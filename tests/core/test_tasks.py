import asyncio

import pytest

from core.tasks import beside, end, uninterrupted


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same():
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 2:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end([task])
    assert task.cancelled()
    assert swallowed == 2


async def test_a_task_that_has_failed_is_no_trouble():
    async def failing() -> None:
        raise ValueError

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await end([task])
    await end([])
    assert isinstance(task.exception(), ValueError)


async def test_a_thread_is_waited_for_by_who_is_cancelled():
    began, go = asyncio.Event(), asyncio.Event()
    ended: list[bool] = []

    async def work() -> None:
        began.set()
        await go.wait()
        ended.append(True)

    waiting = asyncio.create_task(uninterrupted(asyncio.ensure_future(work())))
    await began.wait()
    waiting.cancel()
    asyncio.get_running_loop().call_soon(go.set)
    await asyncio.wait({waiting})
    assert (waiting.cancelled(), ended) == (True, [True])


async def test_work_beside_a_body_begins_first_and_both_are_waited_for():
    said: list[str] = []
    go = asyncio.Event()

    async def work() -> None:
        said.append("work begins")
        await go.wait()
        said.append("work ends")

    async with beside(work()):
        said.append("body")
        go.set()
    assert said == ["work begins", "body", "work ends"]


async def test_an_error_of_the_work_is_raised_behind_the_body():
    async def failing() -> None:
        raise LookupError("gone")

    body_ended = False
    with pytest.raises(LookupError, match="gone"):
        async with beside(failing()):
            body_ended = True
    assert body_ended


async def test_an_error_of_the_body_ends_the_work():
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(KeyError):
        async with beside(work()):
            raise KeyError
    assert ended.is_set()
