"""Mails (EML, and signed ones): subject, who and when, and the text as written; what is attached is a file of its own.

The plain text is taken, else the HTML. Quotations and signatures stay. A picture that the HTML shows in its place is no
attachment, nor is the signature of a signed mail; what Outlook packed into a winmail.dat (tnef.py) is. Mailboxes are mbox.py, Outlook's own files msg.py.
"""

import binascii
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from ingest.extract.encoding import sniff
from ingest.extract.mail.cms import signed_content
from ingest.extract.mail.compressed_rtf import rtf_text
from ingest.extract.mail.mime import MOST_PARTS, Part, parse
from ingest.extract.mail.mime_words import decoded, from_base64, iso_date
from ingest.extract.mail.tnef import Package, unpacked
from ingest.extract.members import Output, safe_path, shown
from ingest.extract.segment import MEMBER_PIECE, Item, Properties, Unreadable, clean

MOST_BYTES = 2**28
FIELDS = ("from", "to", "cc", "bcc", "date", "message-id")
TITLES = {"message-id": "Message-ID"}
DECLARED = re.compile(r"<meta[^>]{0,200}charset[^>]{0,200}>", re.IGNORECASE)  # the mail has said it
CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)
NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)
SUFFIXES = {
    "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
    "message/rfc822": ".eml", "application/pdf": ".pdf", "application/zip": ".zip", "image/jpeg": ".jpg",
    "image/png": ".png", "image/gif": ".gif", "application/json": ".json", "application/xml": ".xml",
}  # fmt: skip
SIGNATURES = frozenset({
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
})  # fmt: skip
PACKAGES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SIGNATURE = "-- "
MARKUP = 30  # characters of HTML for each word of plain text; ordinary mails have 10 to 25
MORE = 3  # times as many words in the HTML: the plain text is a stub ("your program shows no HTML")
NAMED = 30  # attachments named in the text; the others are found as files


class Letter(NamedTuple):
    """A mail sorted out: its parts to be read, in order, and those that are attached."""

    root: Part
    bodies: tuple[Part, ...]
    attached: tuple[Part, ...]
    is_encrypted: bool
    is_cut: bool  # it has more parts than are read


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    data = source.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable(
            "too_large", "The mail is too large to read.", remedy="Upload its attachments alone."
        )
    data = _as_bytes(data)
    data, letter = opened(data)
    yield properties(letter.root.headers)
    output = Output(first, most_characters)
    yield from write(data, letter, output, folder="")
    yield from output.flush()


def opened(data: bytes) -> tuple[bytes, Letter]:
    """Return a mail sorted out, with the bytes that its parts are places in: those of its content where it is signed as a whole."""
    letter = sort_out(data)
    root = letter.root
    if root.content_type.kind in OPAQUE:
        content = signed_content(b"".join(_content(data, root)))
        if not content:
            return data, letter._replace(attached=(), is_encrypted=True)
        signed = sort_out(content)
        headers = {**signed.root.headers, **root.headers}
        return content, signed._replace(root=signed.root._replace(headers=headers))
    return data, letter


def write(data: bytes, letter: Letter, output: Output, *, folder: str) -> Iterator[Item]:
    """Yield a mail's text, its attachments below `folder`, and its problems; the last text may be held back."""
    attached, bodies = (
        list[tuple[str, Iterable[bytes]]](),
        [_body_text(data, part) for part in letter.bodies],
    )
    for number, part in enumerate(letter.attached, start=1):
        if (package := _packed(data, part)) is None:
            attached.append((_name(data, part, number), _content(data, part)))
            continue
        attached += named_files(package)
        if not any(bodies):  # Outlook says the same in the mail as a rule
            bodies.append(package_text(package))
    yield from output.text(clean(head_text(letter.root.headers, [name for name, _ in attached])))
    for text in bodies:
        yield from output.text(clean(text))
    for name, pieces in attached:
        yield from output.member(f"{folder}{name}", pieces)
    if letter.is_encrypted:
        yield from output.problem(
            "encrypted",
            "The mail's text is encrypted.",
            "Decrypt it in its own program, save it and upload that.",
        )
    if letter.is_cut:
        yield from output.problem(
            "too_many_files",
            f"The mail has more than {MOST_PARTS:,} parts; the rest was not taken out.",
            "Save what you need of it and upload that.",
        )


def _packed(data: bytes, part: Part) -> Package | None:
    """Return what is in a winmail.dat."""
    if part.content_type.kind not in PACKAGES and part.filename.lower() != "winmail.dat":
        return None
    return unpacked(b"".join(_content(data, part)))


def package_text(package: Package) -> str:
    """Return the message's text: plain, else of the HTML, else of the RTF."""
    text = package.plain.strip("\r\n") or page_text(package.page).strip("\n")
    text = text or rtf_text(package.rtf).strip("\n")
    return f"\n{text}\n" if text.strip() else ""


def named_files(package: Package) -> list[tuple[str, Iterable[bytes]]]:
    """Return the attachments, but for the pictures that the page shows in their place."""
    in_place = set(CID.findall(package.page))
    kept = [each for each in package.attached if each.content_id not in in_place]
    return [
        (
            safe_path(each.name.replace("\\", "/").rpartition("/")[2]) or f"attachment {number}",
            [each.data],
        )
        for number, each in enumerate(kept, start=1)
    ]


def properties(headers: dict[str, str]) -> Properties:
    return Properties(
        clean(headers.get("subject", "")),
        clean(headers.get("from", "")),
        iso_date(headers.get("date", "")),
    )


def head_text(headers: dict[str, str], attached: list[str]) -> str:
    """Return the subject as a heading, and who, when and what is attached, a line each."""
    lines = [
        f"{TITLES.get(field, field.title())}: {headers[field]}"
        for field in FIELDS
        if headers.get(field)
    ]
    if attached:
        more = f" and {len(attached) - NAMED} more" if len(attached) > NAMED else ""
        lines.append(f"Attachments: {', '.join(attached[:NAMED])}{more}")
    heading = f"# {headers.get('subject') or 'No subject'}"
    return "\n".join([heading, *([""] if lines else []), *lines, ""])


def sort_out(data: bytes) -> Letter:
    """Tell what is to be read from what is attached."""
    root = parse(data)
    sorting = _Sorting(data)
    sorting.take(root, wanted=True)
    shown_in_place = sorting.shown_in_place()
    attached = [part for part in sorting.attached if _id(part) not in shown_in_place]
    is_cut = sum(1 for _ in root.all()) >= MOST_PARTS
    return Letter(root, tuple(sorting.bodies), tuple(attached), sorting.is_encrypted, is_cut)


class _Sorting:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._pages: list[Part] = []  # HTML parts, read or not
        self.bodies: list[Part] = []
        self.attached: list[Part] = []
        self.is_encrypted = False

    def take(self, part: Part, *, wanted: bool) -> None:
        """Sort a part and those below it; `wanted` is False for the text of what another part says too."""
        kind = part.content_type.kind
        if kind == "multipart/encrypted":
            self.is_encrypted = True
        elif kind == "multipart/alternative":
            chosen = self._chosen(part)
            for each in part.parts:
                self.take(each, wanted=wanted and each is chosen)
        elif part.parts:
            for each in part.parts:
                self.take(each, wanted=wanted)
        elif _is_text(part):
            self._pages += [part] if kind == "text/html" else []
            self.bodies += [part] if wanted else []
        elif kind not in SIGNATURES:
            self.attached.append(part)

    def shown_in_place(self) -> set[str]:
        """Return the content ids that a page of the mail mentions."""
        found: set[str] = set()
        for part in self._pages:
            found.update(CID.findall(_text(self._data, part)))
        return found

    def _chosen(self, part: Part) -> Part | None:
        """Return the alternative to be read: that with plain text, unless it only says that there is more in the HTML."""
        plain, page = self._with(part, "text/plain"), self._with(part, "text/html")
        if plain is None or page is None:
            return plain or page or next(iter(part.parts), None)
        return page if self._says_little(plain, page) else plain

    def _with(self, part: Part, kind: str) -> Part | None:
        """Return the alternative that holds text of a kind; of several the last, which senders prefer."""
        found = None
        for each in part.parts:
            leaves = (leaf for leaf in each.all() if leaf.content_type.kind == kind)
            if any(_text(self._data, leaf).strip() for leaf in leaves):
                found = each
        return found

    def _says_little(self, plain: Part, page: Part) -> bool:
        words = len("".join(_text(self._data, p) for p in plain.all() if _is_text(p)).split())
        pages = [_text(self._data, p) for p in page.all() if p.content_type.kind == "text/html"]
        if sum(map(len, pages)) < MARKUP * words:
            return False
        return len("".join(map(page_text, pages)).split()) > MORE * words


def _is_text(part: Part) -> bool:
    """Say whether it is to be read in its place: text that nobody gave a name or called an attachment.

    A multipart without parts is one whose delimiters are wrong; what is in it is all there is to read.
    """
    kind, disposition = part.content_type.kind, part.disposition.kind
    if kind.startswith("multipart/"):
        return True
    return kind in ("text/plain", "text/html") and disposition != "attachment" and not part.filename


def _id(part: Part) -> str:
    return part.headers.get("content-id", "").strip().strip("<>")


def _name(data: bytes, part: Part, number: int) -> str:
    """Return an attachment's name, made up of what it is where its sender gave it none."""
    kind = part.content_type.kind
    path = safe_path(part.filename.replace("\\", "/").rpartition("/")[2]) or ""
    if path:
        return path
    if kind == "message/rfc822":
        subject = parse(data[part.start : part.end]).headers.get("subject", "")
        path = safe_path(shown(subject).replace("/", " ")[:100]) or ""
    return f"{path or f'attachment {number}'}{SUFFIXES.get(kind, '')}"


def _body_text(data: bytes, part: Part) -> str:
    text = _text(data, part)
    if part.content_type.kind == "text/html":
        text = page_text(text)
    elif part.content_type.parameters.get("format", "").lower() == "flowed":
        is_joined = part.content_type.parameters.get("delsp", "").lower() == "yes"
        text = _unwrapped(text, joint="" if is_joined else " ")
    text = text.strip("\r\n")
    return f"\n{text}\n" if text.strip() else ""


def page_text(page: str) -> str:
    """Return what the reader of an HTML text sees."""
    from ingest.extract.markup.html import page_texts  # 30 ms of libxml2 that most mails do without

    source = io.BytesIO(DECLARED.sub("", page).encode())
    return "".join(page_texts(source, most_characters=len(page) + 1))


def _unwrapped(text: str, *, joint: str) -> str:
    """Join the lines that the sender's program broke (RFC 3676): those that end with a space, but for the signature's mark."""
    lines: list[str] = []
    open_marks: str | None = None  # of the line that goes on, its marks of quotation
    for line in text.splitlines():
        content = line.lstrip(">")
        marks = line[: len(line) - len(content)]
        content = content.removeprefix(" ")
        goes_on = content.endswith(" ") and content != SIGNATURE
        kept = content[:-1] if goes_on else content
        if open_marks == marks and content != SIGNATURE:
            lines[-1] += joint + kept
        else:
            lines.append(f"{marks} {kept}" if marks else kept)
        open_marks = marks if goes_on else None
    return "\n".join(lines)


def _text(data: bytes, part: Part) -> str:
    raw = b"".join(_content(data, part))
    return decoded(raw, part.content_type.parameters.get("charset", ""))


def _content(data: bytes, part: Part) -> Iterator[bytes]:
    """Yield a part's bytes as they were before they were packed for the way."""
    if part.encoding == "base64":
        yield from _from_base64(data, part)
    elif part.encoding == "quoted-printable":
        yield binascii.a2b_qp(data[part.start : part.end])
    elif part.encoding in ("x-uuencode", "uuencode", "x-uue"):
        yield _from_uuencode(data[part.start : part.end])
    else:
        yield data[part.start : part.end]


def _from_base64(data: bytes, part: Part) -> Iterator[bytes]:
    """Decode piece by piece; what is no base64 in it is passed over, as mail programs do."""
    held = b""
    for at in range(part.start, part.end, MEMBER_PIECE):
        held += data[at : min(at + MEMBER_PIECE, part.end)].translate(None, NOT_BASE64)
        whole = len(held) // 4 * 4
        yield binascii.a2b_base64(held[:whole])
        held = held[whole:]
    yield from_base64(held)


def _from_uuencode(data: bytes) -> bytes:
    lines = data.splitlines()
    begin = next((n for n, line in enumerate(lines) if line.startswith(b"begin ")), -1)
    out: list[bytes] = []
    for line in lines[begin + 1 :]:
        if line.strip() == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)


def _as_bytes(data: bytes) -> bytes:
    """Some programs save a mail as UTF-16, headers and all."""
    encoding = sniff(data[:8192])
    if encoding is None or not encoding.startswith("utf-16"):
        return data.removeprefix(b"\xef\xbb\xbf")
    return data.decode(encoding, errors="replace").lstrip("\ufeff").encode()
