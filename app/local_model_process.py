"""The process of the local chat model, `python -m app.local_model_process`: llama.cpp's server on a socket of our own.

Only who may enter the socket's folder can ask it; it has no port. It holds its memory apart from ours, leaves one core to the
rest, and writes one reply at a time (llm/local.py waits for its turn).
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog

from app.local_model import QWEN, WEIGHTS, is_pulled, server_folder
from app.model_files import model_folder
from app.program import run_program
from app.settings import Settings, local_socket
from core.errors import StartFailed
from llm.catalogue import LOCAL_CONTEXT_TOKENS

log = structlog.get_logger(__name__)

# Read at a time: it tells after each how far it is, and hears then that nobody waits any more; 10 s on a very busy machine.
BATCH_TOKENS = 64
WARNINGS = 2  # of llama.cpp's levels of what is written; what people ask is in none of these lines


def serve_model(settings: Settings) -> None:
    """Serve until SIGTERM."""
    home, socket = settings.recollect_home, local_socket(settings)
    if not is_pulled(home):
        raise StartFailed("The local model is not here yet: run `recollect models pull local`")
    sys.path.insert(0, str(server_folder(home)))
    os.umask(0o077)
    socket.unlink(missing_ok=True)
    server = _start(model_folder(home, QWEN.name) / WEIGHTS, socket)
    log.info("serving the local model", model=QWEN.name, address=server.listening_address)

    def stop(_number: int, _frame: FrameType | None) -> None:
        socket.unlink(missing_ok=True)
        os._exit(0)  # it has nothing to save, and joining its threads waits for what they write

    signal.signal(signal.SIGTERM, stop)
    while True:
        signal.pause()


class _Server(Protocol):
    """What is used of xllamacpp.Server, which serves from its making on."""

    listening_address: str


def _start(weights: Path, socket: Path) -> _Server:
    xllamacpp = import_module("xllamacpp")
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(weights)
    chosen.hostnames = [str(socket)]
    chosen.n_ctx = LOCAL_CONTEXT_TOKENS
    chosen.n_parallel = 1
    chosen.n_batch = chosen.n_ubatch = BATCH_TOKENS
    threads = max(1, (os.cpu_count() or 2) - 1)
    chosen.cpuparams.n_threads = chosen.cpuparams_batch.n_threads = threads
    chosen.cache_ram_mib = 0  # the last prompt is kept in any case, and others would fill 8 GB
    chosen.ui = chosen.endpoint_slots = chosen.warmup = False
    chosen.offline = True
    chosen.verbosity = WARNINGS
    return xllamacpp.Server(chosen)


if __name__ == "__main__":
    run_program("model", serve_model)
