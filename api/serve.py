"""The API process, `python -m api.serve`: uvicorn (uvloop, httptools) around create_app().

uvicorn waits for open answers before it lets the lifespan end, so streams are told to end when the signal comes.
"""

import errno
import gc
import socket

import uvicorn
from fastapi import FastAPI

from api.live.sse import Streams
from api.main import create_app
from app.program import run_program
from app.resources import open_resources
from app.settings import Settings
from core.errors import StartFailed

BACKLOG = 2048
MAX_MESSAGE_BYTES = 64 << 10  # over a socket; what is longer is posted
PING_S = 20.0  # a peer that vanished is noticed after two of these
END_S = 1.0  # for sockets to be told to come back, before uvicorn closes them
GRACE_S = 5  # for answers under way; the supervisor's own patience is longer


class Server(uvicorn.Server):
    """uvicorn's, which ends our streams first."""

    def __init__(self, app: FastAPI, *, trusted_proxies: str) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # with it 64 KiB a connection, 14 without
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=trusted_proxies,
            timeout_graceful_shutdown=GRACE_S,
        )
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell readers of streams to come back elsewhere, then wait for the answers under way."""
        sockets_open: Streams = self._app.state.sockets
        self._app.state.streams.close()
        sockets_open.close()
        await sockets_open.emptied(within_s=END_S)
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve until a signal comes; a port that is taken is StartFailed."""
    listening = listen(settings.bind, settings.port)
    app = create_app(open_resources(settings, purpose="api"))
    server = Server(app, trusted_proxies=settings.trusted_proxies)
    gc.collect()
    gc.freeze()  # what is loaded stays: a full collection went through 160,000 objects and held up every answer
    server.run(sockets=[listening])
    if not server.started:
        raise StartFailed("The API did not start: the lines above say why.")


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; what stands in the way is said with the remedy."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartFailed(
                f"Port {port} is taken: stop what uses it, or choose another: PORT={port + 1}"
            ) from error
        raise StartFailed(
            f"Cannot listen on {host}:{port} ({error}): correct BIND or PORT"
        ) from error


if __name__ == "__main__":
    run_program("api", serve)
