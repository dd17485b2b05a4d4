"""A winmail.dat by itself, or a message within one: its text, and what is attached as files of their own."""

from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.mail.eml import MOST_BYTES, head_text, named_files, package_text
from ingest.extract.mail.tnef import unpacked
from ingest.extract.members import Output
from ingest.extract.segment import Item, Properties, Unreadable, clean


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    package = unpacked(source.read(MOST_BYTES))
    if package is None:
        raise Unreadable(
            "broken_file",
            "The file is no winmail.dat.",
            remedy="Ask the sender for the mail as plain text or HTML.",
        )
    headers, attached = {"subject": package.subject}, named_files(package)
    if package.subject:
        yield Properties(title=clean(package.subject))
    output = Output(first, most_characters)
    yield from output.text(clean(head_text(headers, [name for name, _ in attached])))
    yield from output.text(clean(package_text(package)))
    for name, pieces in attached:
        yield from output.member(name, pieces)
    yield from output.flush()
