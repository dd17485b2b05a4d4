"""Which files hold other files: mails, mailboxes and archives, by their bytes.

Part of detect.py. Left out: packages that are ZIP archives only by the way (Java, Android, iWork, unknown office formats).
"""

import re
from collections.abc import Iterable
from typing import Final

from ingest.extract.mail.cms import SIGNED_DATA
from ingest.extract.mail.tnef import SIGNATURE
from ingest.formats import BZIP2, GZIP, MAIL, MBOX, SIGNED, TAR, WINMAIL, XZ, ZIP

TAR_MAGIC_AT, TAR_MAGIC = 257, b"ustar"
MAGIC: Final = ((b"\x1f\x8b\x08", GZIP), (b"BZh", BZIP2), (b"\xfd7zXZ\0", XZ))
# A member that only packages have: opened as archives they would give parts that nobody has ever seen.
PACKAGES: Final = frozenset({
    "[content_types].xml", "mimetype", "meta-inf/manifest.mf", "androidmanifest.xml", "index/document.iwa", "index.zip",
    "index.xml", "index.apxl",
})  # fmt: skip
SIGNED_WITHIN = 20  # bytes: before what names the kind of message stand two tags and lengths
PEM_MARKS = (b"-----BEGIN PKCS7-----", b"-----BEGIN CMS-----")
HEADER = re.compile(r"([!-9;-~]+)[ \t]*:")
OF_MAILS: Final = frozenset({
    "from", "to", "subject", "date", "message-id", "received", "return-path", "mime-version", "delivered-to", "reply-to",
    "cc", "bcc", "sender", "content-type", "x-mailer", "in-reply-to", "dkim-signature", "authentication-results",
})  # fmt: skip
ENOUGH = 3  # headers of a mail at the top of a text; the name's suffix makes up for two
MAIL_SUFFIXES: Final = frozenset({".eml", ".p7s", ".p7m"})
PAGE_SUFFIXES: Final = frozenset({".mht", ".mhtml"})  # web pages, saved in the form of mails
SAVED_PAGE, LONGEST_HEAD = "snapshot-content-location:", 1_000
ENVELOPE = re.compile(r"From \S+ .*\b\d\d:\d\d\b.* \d{4}\b.*\r?\n[!-9;-~]+:")


def kind_of_zip(names: Iterable[str]) -> str | None:
    """Return ZIP for an archive that somebody packed, None for a package."""
    return None if any(name.lower() in PACKAGES for name in names) else ZIP


def kind_of_packed(head: bytes) -> str | None:
    if head[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        return TAR
    if (head.startswith(b"0") and SIGNED_DATA in head[:SIGNED_WITHIN]) or head.startswith(
        PEM_MARKS
    ):
        return SIGNED
    if head.startswith(SIGNATURE):
        return WINMAIL
    return next((kind for magic, kind in MAGIC if head.startswith(magic)), None)


def kind_of_mail(text: str, *, suffix: str) -> str | None:
    """Return MAIL or MBOX for a text that begins as one."""
    text = text.lstrip("\ufeff\r\n")
    if ENVELOPE.match(text):
        return MAIL if suffix in MAIL_SUFFIXES else MBOX
    if suffix in PAGE_SUFFIXES or SAVED_PAGE in text[:LONGEST_HEAD].lower():
        return None
    wanted = 1 if suffix in MAIL_SUFFIXES else ENOUGH
    return MAIL if _headers(text) >= wanted else None


def _headers(text: str) -> int:
    """Count the different headers of mails before the first line that is no header."""
    found: set[str] = set()
    for line in text.splitlines():
        if line.startswith((" ", "\t")) and found:
            continue
        header = HEADER.match(line)
        if header is None:
            break
        found.add(header[1].lower())
    return len(found & OF_MAILS)
