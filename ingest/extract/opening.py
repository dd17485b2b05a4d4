"""What a document says of itself at its beginning is known before its text is given out: its opening is read ahead."""

from collections.abc import Iterator
from itertools import chain

OPENING = 20_000  # characters of text; behind them no document tells its title


def opened(texts: Iterator[str]) -> Iterator[str]:
    """Return the same texts, those of the opening read already; errors of reading them are raised at once."""
    head: list[str] = []
    length = 0
    for text in texts:
        head.append(text)
        length += len(text)
        if length >= OPENING:
            break
    return chain(head, texts)
