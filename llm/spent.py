"""What one call of a model took: as its provider tells, or estimated where the stream broke off before it told."""

from collections.abc import Sequence

from llm.chat import ChatMessage, Usage
from llm.packing import tokens_in


def spent(
    told: Usage | None,
    asked: Sequence[ChatMessage],
    written: str,
    *,
    has_ended: bool,
    image_tokens: int = 0,
) -> Usage:
    """Return the tokens of a call. Many providers count at the end only, and one that was stopped is paid all the same."""
    if has_ended and told is not None:
        return told
    told = told or Usage(0, 0)
    given = told.input_tokens or asked_tokens(asked) + image_tokens
    return Usage(given, max(told.output_tokens, tokens_in(written)))


def asked_tokens(asked: Sequence[ChatMessage]) -> int:
    """Return about how many tokens messages have, without their images."""
    return sum(tokens_in(message.content) for message in asked)
