"""JSON Lines: a block of `key: value` lines for each record, under the record's number."""

from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.data.json import MARKUP, JsonText
from ingest.extract.data.json_tokens import tokens
from ingest.extract.plain import open_text
from ingest.extract.segment import Segment


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = open_text(source, most_characters=MARKUP * most_characters)
    return segments(JsonText(is_numbered=True).write(tokens(text)), first=first)
