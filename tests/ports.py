"""Ports for programs that a test starts: of a range that no system hands out by itself, another part of it for each xdist worker
and, as far as it reaches, for each session beside this one.

A port that was free a moment ago (bind to 0, close) may be anybody's when a slow program comes to listen on it.
"""

import itertools
import os
import socket
import zlib

# Up to 32,200: above 32,768 systems hand out by themselves.
FIRST, EACH, WORKERS, SESSIONS = 21_000, 400, 4, 7
_session = zlib.crc32(os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())).encode())
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_first = FIRST + EACH * (_session % SESSIONS * WORKERS + _worker % WORKERS)
_own = itertools.cycle(range(_first, _first + EACH))


def own_port() -> int:
    """Return a port that nobody listens on, and that no other test of this session was given lately."""
    for port in _own:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("an endless range ended")
