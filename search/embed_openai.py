"""An embedder behind any endpoint that speaks OpenAI's POST /v1/embeddings.

Nothing is tried again here: a job has its retry table, a query its other leg. Whatever an operator
can mend (key, quota, model name) is Unavailable, so no file fails for good because of it.
"""

import time
from collections.abc import Sequence
from email.utils import mktime_tz, parsedate_tz
from operator import itemgetter
from typing import Final

import numpy as np
import openai
import orjson

from core.errors import Unavailable
from search.embed import (
    DIMENSION,
    FLUENT,
    Matrix,
    QueryVector,
    RefusedText,
    unit_length,
    widened,
)
from search.wordpiece import without_surrogates

_SLICE: Final = 64  # texts a request; OpenAI's own limits are 2,048 and 300,000 tokens
_REFUSED: Final = {400, 413, 422}  # the texts are at fault, not the key or the moment
_RETRY_LIMITED_S: Final = 20.0  # where a 429 does not say; OpenAI's limits are per minute


class OpenAIEmbedder:
    """Texts beyond the model's length are refused by the endpoint (RefusedText), never cut.

    Another dimension than the index's is part of the model's name: its vectors are another generation's.
    """

    max_tokens = 8191

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str,
        dimension: int = DIMENSION,
        timeout_s: float = 30.0,
    ) -> None:
        self.model = f"openai:{model}" + (f"@{dimension}" if dimension != DIMENSION else "")
        self.dimension = dimension
        self._model = model
        self._dimensions: int | openai.Omit = dimension
        self._client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key, timeout=timeout_s, max_retries=0
        )

    async def embed_query(self, text: str) -> QueryVector:
        rows = await self._embed([text])
        return QueryVector(rows[0], characters_per_piece=FLUENT)

    async def embed_documents(self, texts: Sequence[str]) -> Matrix:
        slices = [texts[start : start + _SLICE] for start in range(0, len(texts), _SLICE)]
        rows = [await self._embed(part) for part in slices]
        return np.concatenate(rows) if rows else np.empty((0, self.dimension), dtype=np.float32)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _embed(self, texts: Sequence[str]) -> Matrix:
        try:
            answer = await self._ask(texts)
        except openai.RateLimitError as exc:
            message = f"{self.model}: too many requests"
            wait_s = _asked_for_s(exc, now=time.time())
            asked_s = _RETRY_LIMITED_S if wait_s is None else wait_s
            raise Unavailable(message, retry_after_s=asked_s) from exc
        except openai.APIStatusError as exc:
            if exc.status_code in _REFUSED:
                message = f"{self.model} refused {len(texts)} texts: {exc.message}"
                raise RefusedText(message) from exc
            message = f"{self.model} answered {exc.status_code}: {exc.message}"
            wait_s = _asked_for_s(exc, now=time.time())
            raise Unavailable(message, retry_after_s=wait_s) from exc
        except openai.APIConnectionError as exc:
            raise Unavailable(f"{self.model} cannot be reached: {exc.message}") from exc
        rows = self._rows(answer)
        if len(rows) != len(texts):
            raise Unavailable(f"{self.model} answered {len(texts)} texts with {len(rows)} vectors")
        return widened(unit_length(rows), model=self.model, dimension=self.dimension)

    async def _ask(self, texts: Sequence[str]) -> bytes:
        """Ask for our dimension, and once without where a model cannot choose."""
        try:
            return await self._create(texts)
        except openai.BadRequestError as exc:
            if isinstance(self._dimensions, openai.Omit) or not _is_about_dimensions(exc.message):
                raise
        self._dimensions = openai.Omit()
        return await self._create(texts)

    async def _create(self, texts: Sequence[str]) -> bytes:
        answer = await self._client.embeddings.with_raw_response.create(
            model=self._model,
            input=[without_surrogates(text) for text in texts],
            dimensions=self._dimensions,
            encoding_format="float",  # base64, the SDK's default, is not spoken everywhere
        )
        return answer.content

    def _rows(self, answer: bytes) -> Matrix:
        """Read the answer ourselves: the SDK believes whatever comes with a status of 200."""
        try:
            items = sorted(orjson.loads(answer)["data"], key=itemgetter("index"))
            rows = np.array([item["embedding"] for item in items], dtype=np.float32)
        except (ValueError, KeyError, TypeError) as exc:
            raise Unavailable(f"{self.model} answered with something else than vectors") from exc
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise Unavailable(f"{self.model} answered with something else than vectors")
        return rows


def _is_about_dimensions(message: str) -> bool:
    # OpenAI: "This model does not support specifying dimensions."; vLLM: "... does not support
    # matryoshka representation, changing output dimensions will lead to poor results."
    return "dimensions" in message or "matryoshka" in message


def _asked_for_s(exc: openai.APIStatusError, *, now: float) -> float | None:
    """Return the seconds that the answer asks us to wait: a number, or a date (RFC 9110, 10.2.3)."""
    asked = exc.response.headers.get("retry-after", "")
    try:
        return float(asked)
    except ValueError:
        date = parsedate_tz(asked)
        return max(0.0, mktime_tz(date) - now) if date else None
