"""The embedder process, `python -m app.embedder_process`: loads the model that the settings name and serves it.

Apart from the command line, whose libraries it does not need in its memory.
"""

import asyncio

from app.embedders import local_embedder
from app.program import run_program
from app.settings import Settings
from search.embed_process import serve_embedder


def serve_model(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(serve_embedder(local_embedder(settings), settings.embed_socket))


if __name__ == "__main__":
    run_program("embedder", serve_model)
