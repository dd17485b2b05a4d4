"""Words in headers of mails: encoded words (RFC 2047), parameters (RFC 2045 and 2231), dates (RFC 5322), character sets."""

import binascii
import re
from typing import NamedTuple

WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?]*)?\?([bqBQ])\?([^?]*)\?=")
BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,40}\?[bqBQ]\?)")
PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))')
PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
DATE = re.compile(
    r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{2,4})(?:\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([+-]\d{4}|[A-Za-z]{1,5})?)?"
)
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONES = {"GMT": "Z", "UT": "Z", "UTC": "Z", "Z": "Z", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00",
         "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00"}  # fmt: skip
WIDER = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "gb2312": "gb18030",
         "gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8",
         "windows-874": "cp874", "x-unknown": "", "unknown-8bit": "", "default": ""}  # fmt: skip


class Valued(NamedTuple):
    """A header's value in lower case, and its parameters."""

    kind: str
    parameters: dict[str, str]


def decoded_header(value: bytes) -> str:
    """Return the text of a header: encoded words decoded, raw bytes read as UTF-8 or else as Windows-1252."""
    text = decoded(value, "")
    if "=?" in text:
        text = WORD.sub(_word, BETWEEN_WORDS.sub(r"\1", text))
    return " ".join(text.split())


def decoded(data: bytes, charset: str) -> str:
    """Return text in what it is said to be, unless it is UTF-8 for all that; a wrong byte costs itself alone.

    UTF-8 comes first for whatever is not seven bits: text that is valid UTF-8 by chance has not been seen.
    """
    name = WIDER.get(charset.strip("\"' ").lower(), charset.strip("\"' "))
    if name.lower().startswith(("utf-16", "utf-32", "utf-7", "iso-2022", "hz")):
        return _as(data, name) or data.decode(errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    if name.lower() in ("utf-8", "utf8"):
        return data.decode(errors="replace") if _mostly_utf8(data) else _as(data, "cp1252")
    return _as(data, name or "cp1252") or _as(data, "cp1252")


def code_page(number: int) -> str:
    """Return the name of one of Windows' code pages, "" for 0."""
    return "utf-8" if number == 65001 else f"cp{number}" if number else ""


def parameters(value: str) -> Valued:
    """Return "text/plain; charset=x" in its parts; continued and percent-encoded parameters are joined and decoded."""
    kind = value.partition(";")[0].strip().lower()
    found: dict[str, str] = {}
    for name, quoted, plain in PARAMETER.findall(value):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain.strip(" \t\"'"))
    return Valued(kind, _joined(found))


def iso_date(text: str) -> str:
    """Return a mail's date as ISO 8601, "" where it is none."""
    if (iso := ISO_DATE.match(text.strip())) is not None:
        return iso[0].replace(" ", "T")
    match = DATE.search(text)
    if match is None or match[2].lower() not in MONTHS:
        return ""
    day, month, year, hour, minute, second, zone = match.groups()
    number = int(year) + (0 if len(year) > 3 else 2000 if int(year) < 50 else 1900)
    date = f"{number:04}-{MONTHS.index(month.lower()) + 1:02}-{int(day):02}"
    if not (1 <= int(day) <= 31) or number > 9999:
        return ""
    if hour is None or int(hour) > 23 or int(minute) > 59:
        return date
    return f"{date}T{int(hour):02}:{minute}:{second or '00'}{_zone(zone or '')}"


def _zone(text: str) -> str:
    return f"{text[:3]}:{text[3:]}" if text[:1] in ("+", "-") else ZONES.get(text.upper(), "")


def _word(match: re.Match[str]) -> str:
    charset, how, content = match.groups()
    raw = content.encode("latin-1", "replace")
    data = from_base64(raw) if how in "bB" else binascii.a2b_qp(raw.replace(b"_", b" "))
    return decoded(data, charset)


def from_base64(data: bytes) -> bytes:
    """Decode what there is, as far as it is base64."""
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _joined(found: dict[str, str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in found.items():
        base, star, rest = name.partition("*")
        if not star:
            joined[name] = decoded_header(value.encode("utf-8", "surrogateescape"))
        elif rest in ("", "0", "0*"):
            pieces = _pieces(found, base, value)
            joined[base] = _extended(pieces) if rest != "0" else pieces
    return joined


def _pieces(found: dict[str, str], base: str, first: str) -> str:
    pieces, number = [first], 1
    while number < 100:
        more = found.get(f"{base}*{number}*", found.get(f"{base}*{number}"))
        if more is None:
            break
        pieces.append(more)
        number += 1
    return "".join(pieces)


def _extended(value: str) -> str:
    charset, quote, rest = value.partition("'")
    _, second, text = rest.partition("'")
    if not quote or not second:
        charset, text = "", value
    raw = text.encode("utf-8", "surrogateescape")
    return decoded(PERCENT.sub(lambda match: bytes.fromhex(match[1].decode()), raw), charset)


def _as(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, errors="replace")
    except (LookupError, UnicodeError):
        return ""


def _mostly_utf8(data: bytes) -> bool:
    """Say whether it has more valid sequences than broken ones."""
    text = data.decode(errors="replace")
    bad = text.count("\ufffd")
    return bad <= sum(character > "\x7f" for character in text) - bad
