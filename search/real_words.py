"""Words that are no slip though no text holds them: the whole words of the embedding model's vocabulary.

Its 20,000 are English words and names that are frequent in Wikipedia and books; of 64,000 misspellings in codespell's list 21
are among them. Only the list is read, from the tokenizer.json that app/model_files.py wrote: neither model nor tokenizer is loaded.
"""

from pathlib import Path
from typing import TypedDict

import orjson

from search.spelling import LEAST
from search.terms import fold


class _Model(TypedDict):
    vocab: dict[str, int]


class _Tokenizer(TypedDict):
    model: _Model


def load_real_words(model_dir: Path) -> frozenset[str]:
    """Return the words that are one piece, folded as those of a query are; none where the folder is not made."""
    try:
        raw = (model_dir / "tokenizer.json").read_bytes()
    except FileNotFoundError:
        return frozenset()
    tokenizer: _Tokenizer = orjson.loads(raw)
    # What continues a word is written with ##, and so is not of letters alone.
    return frozenset(
        fold(piece)
        for piece in tokenizer["model"]["vocab"]
        if len(piece) >= LEAST and piece.isalpha()
    )
