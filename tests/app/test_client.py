from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from app.client import Client, open_client, read_as, read_events, refusal, wait_for_it
from app.client_shapes import Login, StreamEvent
from core.errors import CallerError, NotSignedIn, RecollectError, Unavailable
from tests.ports import own_port


def answer(status: int, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json=body, headers=headers, request=httpx.Request("GET", "http://h/x")
    )


ENVELOPE = {"error": {"code": "X", "message": "In the words of the API.", "details": []}}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CallerError),
        (401, NotSignedIn),
        (413, CallerError),
        (429, Unavailable),
        (503, Unavailable),
        (500, RecollectError),
    ],
)
def test_a_refusal_keeps_the_words_of_the_api(status, error):
    found = refusal(answer(status, ENVELOPE))
    assert (type(found), str(found)) == (error, "In the words of the API.")


def test_a_busy_api_says_when_to_come_back():
    found = refusal(answer(503, ENVELOPE, **{"retry-after": "7"}))
    assert isinstance(found, Unavailable)
    assert found.retry_after_s == 7


def test_an_answer_of_something_else_asks_whether_the_address_is_right():
    assert "is this the address of Recollect?" in str(refusal(answer(404, "<html>")))


async def test_waiting_ends_with_the_error():
    error = Unavailable("away", retry_after_s=0.001)
    await wait_for_it(error, 0)
    with pytest.raises(Unavailable, match="away"):
        await wait_for_it(error, 5)


async def test_events_are_read_and_comments_left_out():
    async def lines():
        for line in (
            "retry: 500",
            "",
            "id: 3",
            "event: delta",
            'data: {"text": "a: b"}',
            "",
            "event: heartbeat",
            "data: {}",
            "",
        ):
            yield line

    assert [event async for event in read_events(lines())] == [
        StreamEvent(3, "delta", '{"text": "a: b"}'),
        StreamEvent(None, "heartbeat", "{}"),
    ]


async def test_nobody_there_is_one_line_with_the_address():
    url = f"http://127.0.0.1:{own_port()}"
    async with open_client(url, token=None) as client:
        with pytest.raises(Unavailable, match=f"^{url} does not answer .* --url$"):
            await client.check()


async def test_what_is_no_address_is_said():
    with pytest.raises(CallerError, match="is no address"):
        async with open_client("http://[::1", token=None):
            pass


async def test_an_older_or_newer_answer_is_told_as_such(served, token):
    async with open_client(served.url, token=token) as client:
        answered = await client.http.get("/api/v1/auth/me")
    with pytest.raises(RecollectError, match="update the older of the two"):
        read_as(answered, Login)


async def test_a_run_is_followed_from_where_the_stream_broke(served, token, worker):
    async with open_client(served.url, token=token) as client:
        run_id = await client.ask(await client.create_conversation(), "Hello?", model=None)
        whole = [event async for event in client.follow(run_id) if event.id]
        broken = Breaking(client.http, client.url, iter([1, 2]))
        assert [event async for event in broken.follow(run_id) if event.id] == whole
    assert [event.id for event in whole] == list(range(1, len(whole) + 1))
    assert whole[-1].kind == "run.done"


@dataclass(frozen=True)
class Breaking(Client):
    """A client whose first streams break after so many events."""

    breaks: Iterator[int]

    async def _events(self, run_id: UUID, after: int) -> AsyncGenerator[StreamEvent]:
        left = next(self.breaks, 1000)
        async for event in super()._events(run_id, after):
            yield event
            left -= 1
            if not left:
                raise Unavailable("cut", retry_after_s=0.001)
