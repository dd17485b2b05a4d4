"""The embedder process, `python -m app.embedder_process`: loads the model that the settings name, others when they are asked.

Apart from the command line, whose libraries it does not need in its memory.
"""

import asyncio

from app.embedders import LocalModels
from app.program import run_program
from app.settings import Settings
from search.embed_process import serve_embedder


def serve_model(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    models = LocalModels(settings)
    asyncio.run(serve_embedder(models.default, settings.embed_socket, others=models.find))


if __name__ == "__main__":
    run_program("embedder", serve_model)
