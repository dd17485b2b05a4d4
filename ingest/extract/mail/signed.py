"""Signed files (.p7m, CMS in DER, BER or PEM): what was signed is a file of its own, called like this one without its last suffix."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ingest.extract.mail.cms import signed_content
from ingest.extract.mail.mime_words import from_base64
from ingest.extract.members import Output
from ingest.extract.segment import Item, Unreadable

MOST_BYTES = 2**28
PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.*?)-----END", re.DOTALL)


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    data = source.read(MOST_BYTES)
    if (pem := PEM.match(data)) is not None:
        data = from_base64(pem[1])
    content = signed_content(data)
    if not content:
        raise Unreadable(
            "no_content",
            "The file is a signature without what was signed, or it is encrypted.",
            remedy="Open it in its own program, save what is in it and upload that.",
        )
    output = Output(first, most_characters)
    yield from output.text("One signed file.\n")
    yield from output.member("", [content])
