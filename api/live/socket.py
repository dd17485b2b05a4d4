"""One open WebSocket: what the client says is done, what it watches is sent, and whoever may not stay or does not read goes.

It holds no connection of the database. Codes of closing: 1012 the process goes down, 1013 too slow, 1008 the session ended
or too much was said, 1003 bytes where text belongs. The client comes back and resumes.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.deps import Api
from api.errors import envelope_of
from api.live.commands import Command, Patience, parse_command
from api.live.door import Guest, still_admitted
from api.live.frames import frame
from api.live.outbox import Ending, Outbox
from api.live.sse import retry_ms
from api.live.watcher import Client, Watcher
from app.sessions import session_topic
from core.errors import CallerError, InvalidInput, Unavailable
from core.events import rights_topic
from core.tasks import end

log = structlog.get_logger(__name__)

CLOSE_CODES: Final[Mapping[Ending, int]] = {"restart": 1012, "slow": 1013, "session": 1008}
NO_BYTES: Final = 1003
TOO_MUCH: Final = 1008


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how often the session is asked for, and what one write may take."""

    check_s: float = 30.0
    send_timeout_s: float = 20.0  # who takes nothing is gone within 30 s


USUAL: Final = Pace()


class Socket:
    """Serves one accepted WebSocket until either side ends it."""

    def __init__(
        self, websocket: WebSocket, api: Api, guest: Guest, *, request_id: str, pace: Pace = USUAL
    ) -> None:
        self._websocket = websocket
        self._api = api
        self._guest = guest
        self._pace = pace
        self._request_id = request_id
        self._check_at = time.monotonic() + pace.check_s
        self.outbox = Outbox()
        client = Client(guest.scope, request_id)
        self._present: set[str] = set()
        self._lost: set[str] = set()
        self._watcher = Watcher(
            api.resources, api.rooms, client=client, outbox=self.outbox, lost=self._lost.add
        )

    async def serve(self) -> None:
        """Listen and send; return when the connection has ended."""
        sending = asyncio.create_task(self._send_all())
        with ExitStack() as told:
            feed = self._api.resources.feed
            told.enter_context(feed.told(rights_topic(self._guest.scope.account_id), self))
            told.enter_context(feed.told(session_topic(self._guest.token_hash), self))
            try:
                await self._listen()
            finally:
                await end([sending])
                await self._watcher.close()
                for topic in tuple(self._present):
                    await self._api.presence.leave(topic, self._guest.scope.account_id)

    def wake(self, seq: int) -> None:  # pyright: ignore[reportUnusedParameter]
        """Ask for the session at once: somebody's rights have changed."""
        self._check_at = 0.0
        self.outbox.nudge()

    def hear(self, message: str) -> None:
        """Let what is whispered pass."""

    async def _listen(self) -> None:
        patience = Patience()
        while True:
            try:
                text = await self._websocket.receive_text()
            except WebSocketDisconnect:
                return
            except KeyError:  # the framework's word for bytes
                await self._close(NO_BYTES)
                return
            if patience.spend():
                await self._close(TOO_MUCH)
                return
            try:
                await self._obey(parse_command(text))
            except (CallerError, Unavailable) as error:
                body = envelope_of(error, request_id=self._request_id)
                self.outbox.put(frame("", "error", body))

    async def _obey(self, command: Command) -> None:
        if command.subscribe is not None:
            await self._watcher.subscribe(command.wanted)
        elif command.unsubscribe is not None:
            await self._look_away(command.unsubscribe.topic)
            await self._watcher.unsubscribe(command.unsubscribe.topic)
            self.outbox.put(frame(command.unsubscribe.topic, "unsubscribed", {}))
        elif command.typing is not None:
            self._require_watched(command.typing.topic)
            await self._api.presence.type(command.typing.topic, self._guest.scope.account_id)
        elif command.presence is not None:
            await self._be_present(command.presence.topic, here=command.presence.here)
        else:
            self.outbox.put(frame("", "pong", command.ping))

    async def _be_present(self, topic: str, *, here: bool) -> None:
        if not here:
            await self._look_away(topic)
            return
        self._require_watched(topic)
        if topic not in self._present:
            self._present.add(topic)
            await self._api.presence.enter(topic, self._guest.scope.account_id)

    async def _look_away(self, topic: str) -> None:
        if topic in self._present:
            self._present.discard(topic)
            await self._api.presence.leave(topic, self._guest.scope.account_id)

    async def _leave_lost(self) -> None:
        """Whoever was taken out of a conversation is not there any more either."""
        while self._lost:
            topic = self._lost.pop()
            if not self._watcher.is_in(topic):
                await self._look_away(topic)

    def _require_watched(self, topic: str) -> None:
        if not self._watcher.is_in(topic):
            raise InvalidInput.of("topic", "is no conversation that this connection watches")

    async def _send_all(self) -> None:
        """Send what waits, ask for the session in time, and close when it is time to."""
        try:
            while self.outbox.ending is None:
                left_s = max(0.0, self._check_at - time.monotonic())
                for framed in await self.outbox.take(within_s=left_s):
                    await self._send(framed.text)
                await self._leave_lost()
                if time.monotonic() >= self._check_at:
                    await self._check()
            if self.outbox.ending == "restart":
                await self._send(frame("", "reconnect", {"retry_ms": retry_ms()}).text)
            await self._close(CLOSE_CODES[self.outbox.ending])
        except TimeoutError:
            log.info("dropped a slow reader", account_id=str(self._guest.scope.account_id))
            self._websocket.scope["abort"]()
        except (WebSocketDisconnect, RuntimeError):
            pass  # it went while something was being sent; `_listen` is told too
        except Exception:  # the top of a task: nobody else would say it
            log.exception("a socket broke off")
            self._websocket.scope["abort"]()

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(self._pace.send_timeout_s):
            await self._websocket.send_text(text)

    async def _close(self, code: int) -> None:
        async with asyncio.timeout(self._pace.send_timeout_s):
            await self._websocket.close(code)

    async def _check(self) -> None:
        """End the connection of a session that has ended; a database that is away is asked later."""
        self._check_at = time.monotonic() + self._pace.check_s
        try:
            scope = await still_admitted(self._api, self._guest)
        except CallerError:
            self.outbox.end("session")
        except Unavailable as error:
            log.info("a session is asked for later", reason=error.message)
        else:
            self._guest = replace(self._guest, scope=scope)
