"""What a text holds beside words, noted with its passages so that has: and is: need not read texts again.

A link is an address with http, https, mailto or www; code stands in backticks, a fence, or a file of source text; an image
is an attached or linked picture. What a message holds, all its passages hold; a file's passages are each for themselves.
A message of a model's is an answer: no source for the next one (llm/retrieval.py).
"""

import re
from typing import Final, Literal

IMAGES: Final = ("bmp", "gif", "heic", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp")
CODE: Final = (
    "bash", "c", "cc", "clj", "cpp", "cs", "css", "dart", "erl", "ex", "f90", "go", "h", "hpp", "hs", "java", "jl", "js",
    "jsx", "kt", "lua", "m", "ml", "php", "pl", "ps1", "py", "r", "rb", "rs", "scala", "sh", "sql", "swift", "ts", "tsx",
    "vb", "zig",
)  # fmt: skip
OF_MESSAGES: Final = frozenset(("answer", "pinned"))  # no file has them

_LINK = re.compile(r"(?<!\w)(?:https?://|mailto:|www\.)[^\s<>\"']{2,}", re.IGNORECASE)
_CODE = re.compile(r"^ {0,3}(?:```|~~~)|(?<!`)`[^`\n]+`(?!`)", re.MULTILINE)
_IMAGE = re.compile(
    rf"!\[[^\]\n]{{0,500}}\]\([^)\s]+|(?:https?://|www\.)[^\s<>\"'?#]+\.(?:{'|'.join(IMAGES)})(?![\w-])",
    re.IGNORECASE,
)


def text_traits(text: str) -> list[str]:
    """Return which of code, image and link are in the text, in that order."""
    patterns = (("code", _CODE), ("image", _IMAGE), ("link", _LINK))
    return [trait for trait, pattern in patterns if pattern.search(text)]


def message_traits(text: str, *, role: Literal["user", "assistant"]) -> list[str]:
    """Return what every passage of a message has by its words and by who wrote them."""
    return (["answer"] if role == "assistant" else []) + text_traits(text)


def file_traits(extension: str, *, version: int) -> list[str]:
    """Return what every passage of a file has by its kind and history."""
    found = {"code": extension in CODE, "edited": version > 1, "image": extension in IMAGES}
    return [trait for trait, has_it in found.items() if has_it]
