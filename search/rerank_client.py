"""The Reranker that the API uses: asks the embedder process (rerank_process.py), so that the model is never loaded here."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import Unavailable
from search.rerank_process import PAIRS, SCORES, Pairs, message, read_message
from search.wordpiece import without_surrogates


class RerankClient:
    """Who stops waiting hangs up, and the process stops computing."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        readable = tuple(without_surrogates(text) for text in passages)
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket_path)
        except OSError as error:
            raise Unavailable("the reranker cannot be reached") from error
        try:
            writer.write(message(PAIRS, Pairs(without_surrogates(query), readable)))
            await writer.drain()
            answer = await read_message(reader, SCORES)
        except ConnectionError as error:
            raise Unavailable("the reranker went away") from error
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        if answer.problem or len(answer.scores) != len(passages):
            raise Unavailable(answer.problem or "the reranker scored other passages")
        return list(answer.scores)
