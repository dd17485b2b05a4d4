"""The inside of an extraction child: one extractor, its limits, and frames on standard output.

Only the extractor that the file needs is imported, before the limits are set: a child lives for milliseconds, and byte
code that is not cached yet can still be written. The file is standard input.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import BinaryIO, Protocol, cast

from ingest import formats
from ingest.confine import confine
from ingest.extract.segment import Item, Member, Picture, Properties, Unreadable
from ingest.frames import NO_PASSWORD, Finished, Frame, pack

TURN = (
    1 / 3
)  # of its CPU, behind which a child ends at a page's end: two thirds are left for any one page


class Reader(Protocol):
    """An extractor: yields the items of the file from `first` on, each ordinal one more than the last."""

    def __call__(
        self, source: BinaryIO, *, first: int, most_characters: int
    ) -> Iterator[Item | Picture]: ...


def main() -> None:
    media_type, *numbers = sys.argv[3:]
    first, memory_bytes, cpu_s, most_characters, pages_per_child, ear = map(int, numbers)
    password = _heard(ear)
    with open(0, "rb", closefd=False) as source:
        read = reader_for(media_type, password=password)
        confine(memory_bytes=memory_bytes, cpu_s=cpu_s)
        start = partial(read, source, first=first, most_characters=most_characters)
        for frame in frames(start, pages=pages_per_child, turn_s=TURN * cpu_s):
            sys.stdout.buffer.write(pack(frame))
            sys.stdout.buffer.flush()


def _heard(ear: int) -> str:
    if ear == NO_PASSWORD:
        return ""
    with open(ear, "rb") as pipe:
        return pipe.read().decode()


def reader_for(media_type: str, *, password: str = "") -> Reader:
    kind = formats.BY_MEDIA_TYPE[media_type]
    read = import_module(f"ingest.extract.{kind.module}").read
    return cast("Reader", partial(read, password=password) if kind.takes_password else read)


def frames(
    start: Callable[[], Iterator[Item | Picture]],
    *,
    pages: int,
    turn_s: float,
    spent_s: Callable[[], float] = time.process_time,
) -> Iterator[Frame]:
    """Yield the items and one last frame that says how it ended.

    A paged file stops after `pages` items, or the first one behind which `turn_s` of CPU are spent.
    """
    try:
        count = 0
        for item in start():
            yield item
            if isinstance(item, Properties | Member):
                continue
            count += 1
            if item.page is not None and (count == pages or spent_s() >= turn_s):
                yield Finished(item.ordinal + 1)
                return
        yield Finished(None)
    except Unreadable as reason:
        yield reason
    except MemoryError:
        remedy = "Split it and upload the parts."
        yield Unreadable("too_large", "The file needs too much memory to read.", remedy=remedy)
    except Exception:  # noqa: BLE001  a parser of a broken file raises anything; a child has nobody above it
        message = "The file is damaged: what is in it does not fit together."
        remedy = "Open it in its own program, save it again and upload it."
        yield Unreadable("broken_file", message, remedy=remedy)
