"""Outlook's own mails (MSG, MS-OXMSG): as eml.py shows mails, from MAPI properties in a compound file.

The plain body is taken, else the HTML, else the RTF. A mail within the mail has no bytes of its own outside its compound
file, so its text follows under its own subject, and its attachments stand in a folder named so.
Left out: calendar entries' and contacts' fields of their own, named properties, what Outlook keeps for itself.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import unpack_from
from typing import BinaryIO, Protocol, cast

import olefile

from ingest.extract.mail.compressed_rtf import rtf_text
from ingest.extract.mail.eml import CID, MOST_BYTES, head_text, page_text, properties
from ingest.extract.mail.mime import read_headers
from ingest.extract.mail.mime_words import code_page, decoded
from ingest.extract.members import Output, safe_path
from ingest.extract.segment import Item, Unreadable, clean
from ingest.extract.zip_directory import MOST_MEMBERS

Path = tuple[str, ...]
SUBJECT, SENDER, SENDER_SMTP, SENDER_ADDRESS = "0037", "0C1A", "5D01", "0C1F"
SHOWN_RECIPIENTS = {"to": "0E04", "cc": "0E03", "bcc": "0E02"}
TRANSPORT_HEADERS, PLAIN, HTML, RTF = "007D", "1000", "1013", "1009"
NAMES = ("3707", "3704", "3001")  # an attachment's: long, short, displayed
DATA, EMBEDDED, CONTENT_ID = "3701", "__substg1.0_3701000D", "3712"
SENT, DELIVERED, CODE_PAGE, INTERNET_CODE_PAGE = 0x0039, 0x0E06, 0x3FFD, 0x3FDE
DEEPEST = 5
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class _Ole(Protocol):
    def exists(self, filename: list[str]) -> bool: ...
    def get_size(self, filename: list[str]) -> int: ...
    def openstream(self, filename: list[str]) -> BinaryIO: ...
    def listdir(self, streams: bool, storages: bool) -> list[list[str]]: ...


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    try:
        ole = cast("_Ole", olefile.OleFileIO(source))
        storages = [tuple(path) for path in ole.listdir(streams=False, storages=True)]
    except (OSError, ValueError, IndexError) as exc:
        raise Unreadable(
            "broken_file",
            "The message is damaged.",
            remedy="Open it in Outlook, save it again and upload it.",
        ) from exc
    message = _Message(ole, (), storages)
    yield properties(message.headers())
    output = Output(first, most_characters)
    yield from _write(message, output, folder="", depth=0)
    yield from output.flush()


def _write(message: "_Message", output: Output, *, folder: str, depth: int) -> Iterator[Item]:
    headers, attached = message.headers(), message.attached()
    names = [f"{folder}{each.name(number)}" for number, each in enumerate(attached, start=1)]
    plain_names = [name.rpartition("/")[2] for name in names]
    yield from output.text(clean(head_text(headers, plain_names) + message.body()))
    for name, each in zip(names, attached, strict=True):
        if each.is_mail and depth < DEEPEST:
            yield from output.text("\n")
            inner = _Message(each.ole, (*each.path, EMBEDDED), each.storages)
            yield from _write(inner, output, folder=f"{name}/", depth=depth + 1)
        else:
            yield from output.member(name, [each.data(DATA)])


class _Properties:
    """The properties of a message, a recipient or an attachment: a storage of the compound file."""

    fixed_from = 8  # where the numbers begin in their stream

    def __init__(self, ole: _Ole, path: Path, storages: list[Path]) -> None:
        self.ole, self.path, self.storages = ole, path, storages
        self._numbers: dict[int, int] | None = None

    def text(self, tag: str) -> str:
        """Return a string, "" where there is none."""
        if raw := self._stream(f"__substg1.0_{tag}001F"):
            return raw.decode("utf-16-le", errors="replace").rstrip("\0")
        return decoded(self._stream(f"__substg1.0_{tag}001E"), self.charset).rstrip("\0")

    def data(self, tag: str) -> bytes:
        return self._stream(f"__substg1.0_{tag}0102")

    def number(self, tag: int) -> int:
        """Return a number of up to eight bytes, 0 where there is none."""
        if self._numbers is None:
            raw = self._stream("__properties_version1.0")[self.fixed_from :]
            rows = (unpack_from("<HHIQ", raw, at) for at in range(0, len(raw) - 15, 16))
            self._numbers = {row[1]: row[3] for row in rows}
        return self._numbers.get(tag, 0)

    @property
    def charset(self) -> str:
        page = self.number(INTERNET_CODE_PAGE) or self.number(CODE_PAGE)
        return code_page(page & 0xFFFFFFFF)

    def inside(self, kind: str) -> list[Path]:
        depth = len(self.path)
        below = (p for p in self.storages if len(p) == depth + 1 and p[:depth] == self.path)
        return [path for path in below if path[-1].lower().startswith(kind)]

    def _stream(self, name: str) -> bytes:
        path = [*self.path, name]
        if not self.ole.exists(path) or self.ole.get_size(path) > MOST_BYTES:
            return b""
        try:
            return self.ole.openstream(path).read()
        except (OSError, ValueError, IndexError):
            return b""


class _Message(_Properties):
    def __init__(self, ole: _Ole, path: Path, storages: list[Path]) -> None:
        super().__init__(ole, path, storages)
        self.fixed_from = 24 if path else 32

    def headers(self) -> dict[str, str]:
        """Return what a mail's headers say; where the message came through the net, those that it came with."""
        found = {"subject": self.text(SUBJECT), "from": self._sender(), "date": self._date()}
        found |= {name: self.text(tag) for name, tag in SHOWN_RECIPIENTS.items()}
        sent = self.text(TRANSPORT_HEADERS).encode()
        with_net, _ = read_headers(sent, 0, len(sent))
        net = {name: value for name, value in with_net.items() if name != "subject"}
        return {name: clean(value) for name, value in (found | net).items()}

    def body(self) -> str:
        text = (
            self.text(PLAIN).strip("\r\n")
            or self._page().strip("\n")
            or rtf_text(self.data(RTF)).strip("\n")
        )
        return f"\n{text}\n" if text.strip() else ""

    def attached(self) -> list["_Attachment"]:
        """Return the attachments, but for the pictures that the page shows in their place."""
        found = [
            _Attachment(self.ole, path, self.storages) for path in self.inside("__attach_version")
        ]
        in_place = set(CID.findall(self._html()))
        kept = (each for each in found if each.text(CONTENT_ID).strip("<>") not in in_place)
        return list(kept)[:MOST_MEMBERS]

    def _sender(self) -> str:
        address = self.text(SENDER_SMTP) or self.text(SENDER_ADDRESS)
        name = self.text(SENDER)
        return f"{name} <{address}>" if "@" in address and address != name else name or address

    def _date(self) -> str:
        ticks = self.number(SENT) or self.number(DELIVERED)
        try:
            when = EPOCH + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return ""
        return when.strftime("%Y-%m-%dT%H:%M:%SZ") if ticks else ""

    def _html(self) -> str:
        return decoded(self.data(HTML), self.charset) or self.text(HTML)

    def _page(self) -> str:
        html = self._html()
        return page_text(html) if html.strip() else ""


class _Attachment(_Properties):
    @property
    def is_mail(self) -> bool:
        return (*self.path, EMBEDDED) in self.storages

    def name(self, number: int) -> str:
        names = (self.text(tag).replace("/", " ").replace("\\", " ") for tag in NAMES)
        return next((path for name in names if (path := safe_path(name))), f"attachment {number}")
