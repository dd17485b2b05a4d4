"""CSV and TSV: rows under their header (table_text.py), read as a stream whatever the delimiter.

The delimiter is the one that splits the first records most evenly; Python's own sniffer takes letters for delimiters. Where
a quote is never closed, the lines that it swallowed are split without regard to quotes.
Left out: comment lines, which no dialect agrees on.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

from ingest.extract.cut import segments
from ingest.extract.data.table_text import table_text
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Segment

DELIMITERS = "\t,;|"  # of equally even ones the first; a tab is seldom anything else
SAMPLE_LINES = 100
SAMPLE_CHARACTERS = 2**16
MOST_LINES = 200  # of one record; more is a quote that nobody closed
DECLARATION = "sep="  # how Excel may say the delimiter, in a line of its own


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Segment]:
    """Yield segments; a table that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    return segments(table_text(rows(text)), first=first)


def rows(text: Iterator[str]) -> Iterator[list[str]]:
    """Yield the records of a table in lines."""
    sample = list(islice(text, SAMPLE_LINES))
    if sample and sample[0].startswith(DECLARATION) and len(sample[0].rstrip()) == 5:
        delimiter, sample = sample[0][4], sample[1:]
    else:
        delimiter = delimiter_of(sample)
    remembered = _Remembered(chain(sample, text))
    while not remembered.is_over:
        try:
            for record in csv.reader(remembered, delimiter=delimiter):
                if len(remembered.lines) > MOST_LINES:
                    yield from remembered.split(delimiter)
                else:
                    yield record
                remembered.lines.clear()
        except csv.Error:
            yield from remembered.split(delimiter)
            remembered.lines.clear()


class _Remembered:
    """Lines, those kept that no record was made of yet; the csv module bounds them by its longest field, 128 kB."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self.lines: list[str] = []
        self.is_over = False

    def __iter__(self) -> "_Remembered":
        return self

    def __next__(self) -> str:
        line = next(self._source, None)
        if line is None:
            self.is_over = True
            raise StopIteration
        self.lines.append(line)
        return line

    def split(self, delimiter: str) -> Iterator[list[str]]:
        """Yield a record for each line, whatever is quoted."""
        return (line.rstrip("\n").split(delimiter) for line in self.lines)


def delimiter_of(sample: list[str]) -> str:
    """Return what splits most of these lines' records into the same number of cells, more than one; a comma for none."""
    best, best_share = ",", 0.0
    head = "".join(sample)[:SAMPLE_CHARACTERS].splitlines(keepends=True)
    for delimiter in DELIMITERS:
        records = csv.reader(head, delimiter=delimiter)
        widths = Counter(len(record) for record in records if record)
        even = max((count for width, count in widths.items() if width > 1), default=0)
        share = even / max(1, widths.total())
        if share > best_share:
            best, best_share = delimiter, share
    return best
