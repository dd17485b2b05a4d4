"""Mailboxes (mbox, RFC 4155 and its older kin): one mail after the other, each under its subject; attachments are files.

Read a mail at a time, however large the mailbox. A line that begins with "From " and looks like an envelope begins a mail when
an empty line is before it; ">From " of the mboxrd kind is put back. Left out: lengths from Content-Length headers.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.mail.eml import MOST_BYTES, opened, properties, write
from ingest.extract.members import Output, safe_path
from ingest.extract.segment import Item, Properties

ENVELOPE = re.compile(
    rb"From \S+ .*\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b.* \d\d:\d\d\b.* \d{4}\b"
)
QUOTED_FROM = re.compile(rb"(?m)^>(>*From )")
READ_BYTES = 2**20
LONGEST_SUBJECT = 60


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield the mails in order; one that is far too large is left out and named."""
    output = Output(first, most_characters)
    for number, data in enumerate(_mails(source), start=1):
        if number == 1:
            yield Properties()
        if data is None:
            yield from output.problem(
                "mail_too_large",
                f"Mail {number} is too large to read.",
                "Save it as a file of its own and upload its attachments.",
            )
        else:
            yield from _mail(data, number, output)
    yield from output.flush()


def _mail(data: bytes, number: int, output: Output) -> Iterator[Item]:
    content, letter = opened(data)
    subject = safe_path(properties(letter.root.headers).title.replace("/", " ")) or ""
    if number > 1:
        yield from output.text("\n")
    folder = f"{number} {subject[:LONGEST_SUBJECT].strip()}".strip()
    yield from write(content, letter, output, folder=f"{folder}/")


def _mails(source: BinaryIO) -> Iterator[bytes | None]:
    """Yield each mail's bytes, None for one that is over MOST_BYTES."""
    lines: list[bytes] = []
    size_bytes = 0
    before_is_empty = True
    for line in _lines(source):
        begins = before_is_empty and line.startswith(b"From ") and ENVELOPE.match(line) is not None
        if begins and size_bytes:
            yield _mail_of(lines, size_bytes)
            lines, size_bytes = [], 0
        size_bytes += len(line)
        if size_bytes <= MOST_BYTES:
            lines.append(line)
        before_is_empty = line in (b"\n", b"\r\n")
    if size_bytes:
        yield _mail_of(lines, size_bytes)


def _mail_of(lines: list[bytes], size_bytes: int) -> bytes | None:
    if size_bytes > MOST_BYTES:
        return None
    return QUOTED_FROM.sub(rb"\1", b"".join(lines))


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Yield lines; a line without an end comes in pieces."""
    while line := source.readline(READ_BYTES):
        yield line
