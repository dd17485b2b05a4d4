"""The embedder process, `python -m app.embedder_process`: loads the model that the settings name, others when they are asked.

Apart from the command line, whose libraries it does not need in its memory.
"""

import asyncio

from app.embedders import LocalModels
from app.program import run_program
from app.rerankers import reranker_of_process
from app.settings import Settings
from search.embed_process import serve_embedder


def serve_model(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    models = LocalModels(settings)
    async with reranker_of_process(settings):
        await serve_embedder(models.default, settings.embed_socket, others=models.find)


if __name__ == "__main__":
    run_program("embedder", serve_model)
