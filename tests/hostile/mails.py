"""Hostile mails and saved pages: parts in parts, heads without end, attachments that want out, lies about encodings."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile.archives import ways_out
from tests.hostile.lure import Lure

DATA = Path(__file__).parents[1] / "data" / "files"
HEAD = b"From: ada@example.org\nTo: bob@example.org\nSubject: Tides\nDate: Thu, 1 Jan 2026 00:00:00 +0000\nMIME-Version: 1.0\n"
WORDS = b"The harbour opens at dawn.\n"
# Object identifiers, DER: signedData and data (RFC 5652).
SIGNED, PLAIN = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url.encode()
    return {
        "hundred-mails-deep.eml": lambda: _within(b"message/rfc822", 100),
        "thousand-parts-deep.eml": lambda: _multiparts(1000),
        "part-of-itself.eml": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\nContent-Type: multipart/mixed; boundary=a\n\n" * 20_000,
        "ten-thousand-attachments.eml": lambda: _parts(*[("a.txt", WORDS)] * 12_000),
        "attachments-that-want-out.eml": lambda: _parts(*((name, WORDS) for name in ways_out(lure) if "\0" not in name)),
        "attachment-of-no-name.eml": lambda: _parts(("", WORDS), (" ", WORDS), ("\u202egpj.exe", WORDS), ("n" * 50_000, WORDS)),
        "long-head.eml": lambda: HEAD + b"X-A: " + b"harbour " * 1_000_000 + b"\n\n" + WORDS,
        "many-heads.eml": lambda: HEAD + b"X-A: a\n" * 300_000 + b"\n" + WORDS,
        "folded-head.eml": lambda: HEAD + b"X-A: a\n" + b" a\n" * 500_000 + b"\n" + WORDS,
        "addresses.eml": lambda: b"To: " + b"a@example.org, " * 200_000 + b"\n" + HEAD + b"\n" + WORDS,
        "open-comments.eml": lambda: b"To: " + b"(" * 200_000 + b"\n" + HEAD + b"\n" + WORDS,
        "open-quotes.eml": lambda: b"To: " + b'"' * 200_001 + b"<\n" + HEAD + b"\n" + WORDS,
        "encoded-words.eml": lambda: b"Subject: " + b"=?utf-8?b?" * 100_000 + b"\n" + HEAD + b"\n" + WORDS,
        "encoded-garbage.eml": lambda: b"Subject: =?rot13?q?a?= =?utf-8?x?a?= =?utf-8?b?////?= =?\n" + HEAD + b"\n" + WORDS,
        "numbered-parameters.eml": lambda: HEAD + b"Content-Type: text/plain;" + b"".join(b" name*%d*=a;" % n for n in range(50_000)) + b"\n\n" + WORDS,
        "no-boundary.eml": lambda: HEAD + b"Content-Type: multipart/mixed\n\n" + WORDS,
        "boundary-of-a-megabyte.eml": lambda: HEAD + b'Content-Type: multipart/mixed; boundary="' + b"a" * 1_000_000 + b'"\n\n' + WORDS,
        "boundaries.eml": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n" * 200_000,
        "unknown-charset.eml": lambda: HEAD + b"Content-Type: text/plain; charset=harbour\n\n" + WORDS,
        "idna-charset.eml": lambda: HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"a." * 500_000,
        "python-charset.eml": lambda: HEAD + b"Content-Type: text/plain; charset=unicode_escape\n\n" + b"\\N{DIGIT ONE}" * 9999,
        "packing-charset.eml": lambda: HEAD + b"Content-Type: text/plain; charset=zlib\n\n" + WORDS,
        "unknown-encoding.eml": lambda: HEAD + b"Content-Transfer-Encoding: harbour\n\n" + WORDS,
        "base64-garbage.eml": lambda: HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=" * 500_000 + b"\xff" * 500_000,
        "quoted-garbage.eml": lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 1_000_000,
        "uuencoded.eml": lambda: HEAD + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 " + lure.way_out.encode() + b"\n" + b"M" * 500_000,
        "from-afar.eml": lambda: HEAD + b"Content-Type: text/html\n\n<html><img src='%s/i'><link rel=stylesheet href='%s/c'><p>Words</p>" % (url, url),
        "body-from-afar.eml": lambda: HEAD + b'Content-Type: message/external-body; access-type=URL; URL="%s/b"\n\nContent-Type: text/plain\n\n' % url,
        "receipt.eml": lambda: b"Disposition-Notification-To: <%s>\nList-Unsubscribe: <%s/u>\n" % (url, url) + HEAD + b"\n" + WORDS,
        "date-of-year-9999999.eml": lambda: HEAD.replace(b"2026", b"9999999") + b"\n" + WORDS,
        "nul.eml": lambda: HEAD + b"X-A: \0\n\n" + b"Words\0\n" * 9999,
        "calendar.eml": lambda: HEAD + b"Content-Type: text/calendar\n\nBEGIN:VEVENT\n" + b"RRULE:FREQ=SECONDLY\n" * 9999,
        "winmail.eml": lambda: _parts(("winmail.dat", b"\x78\x9f\x3e\x22" + b"\xff" * 9999)),
        "signed-by-nothing.p7m": lambda: b"0\x80" + SIGNED + b"\xa0\x80" * 50_000,
        "signed-forty-times.p7m": lambda: _signed(40),
        "signed-lengths.p7m": lambda: b"0\x84\xff\xff\xff\xff" + SIGNED + b"\xa0\x84\xff\xff\xff\xff",
        "only-from.mbox": lambda: b"From \n" * 300_000,
        "twenty-thousand.mbox": lambda: (b"From a Thu Jan  1 00:00:00 2026\nSubject: a\n\nb\n\n") * 20_000,
        "one-of-20-mb.mbox": lambda: b"From a Thu Jan  1 00:00:00 2026\n" + HEAD + b"\n" + WORDS * 800_000,
        "no-end-of-heads.mbox": lambda: (b"From a Thu Jan  1 00:00:00 2026\n" + b"X-A: a\n" * 999) * 99,
        "mail-in-itself.msg": lambda: (DATA / "fake-email-attachment.msg").read_bytes().replace(b"_\0_\0s\0u\0b\0s\0t\0g", b"_\0_\0n\0a\0m\0e\0i\0d"),
        "from-afar.mht": lambda: b"MIME-Version: 1.0\nSnapshot-Content-Location: %s/p\nContent-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\nContent-Location: %s/p\n\n<html><base href='%s'><img src=i><p>Words</p>\n--a--\n" % (url, url, url),
        "fifty-thousand-parts.mht": lambda: b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n" + b"--a\nContent-Type: text/html\n\n<p>Words</p>\n" * 50_000 + b"--a--\n",
    }  # fmt: skip


def _within(kind: bytes, depth: int) -> bytes:
    return (HEAD + b"Content-Type: %s\n\n" % kind) * depth + HEAD + b"\n" + WORDS


def _multiparts(depth: int) -> bytes:
    opening = HEAD
    for n in range(depth):
        opening += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
    return opening + b"\n" + WORDS


def _parts(*attachments: tuple[str, bytes]) -> bytes:
    out = [HEAD, b"Content-Type: multipart/mixed; boundary=a\n\n"]
    for name, content in attachments:
        quoted = base64.b64encode(name.encode()).decode()
        out.append(f'--a\nContent-Disposition: attachment; filename="=?utf-8?b?{quoted}?="\n\n'.encode())  # fmt: skip
        out.append(content)
    return b"".join([*out, b"--a--\n"])


def _der(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x83]) + len(content).to_bytes(3, "big") + content


def _signed(times: int) -> bytes:
    data = WORDS
    for _ in range(times):
        text = _der(0x30, PLAIN + _der(0xA0, _der(0x04, data)))
        body = _der(0x30, b"\x02\x01\x01" + _der(0x31, b"") + text + _der(0x31, b""))
        data = _der(0x30, SIGNED + _der(0xA0, body))
    return data
