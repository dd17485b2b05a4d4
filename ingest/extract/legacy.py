"""Which old encoding a text is in that is neither UTF-8 nor UTF-16: by how often its letters are those that its language uses most.

Each candidate decodes a sample of what is not ASCII; the share of frequent characters, as a part of what an honest text has,
is its score. East Asian texts score by well-formed pairs as well, so that a table of names is known without any particle.
Left out: DOS code pages but for Cyrillic, and encodings with escapes. Wrong for a text that is mostly in another language.
"""

# ruff: noqa: RUF001  letters that look alike are the point

import re
from typing import NamedTuple

SAMPLE_BYTES = 2**16
DEFAULT = "cp1252"
ENOUGH = 0.6  # of the score of an honest text
FEWEST = 4  # bytes that are not ASCII; fewer say nothing
MOST_BROKEN = 0.02  # of the characters
WELL_FORMED = 0.7  # what pairs of common characters alone are worth


PUNCTUATION = frozenset("\xa0«»·°§©®±µ£€¥…\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014•™¿¡ºª")
RUN = re.compile(rb"[\x80-\xff]{3,}")  # pairs stand in German words too


class Candidate(NamedTuple):
    """`share` is that of the frequent characters in running text; `leads` are first bytes of common pairs."""

    encoding: str
    frequent: frozenset[str]
    share: float
    leads: frozenset[int] = frozenset()


LATIN = frozenset({DEFAULT, "cp1250", "iso8859-2", "cp1254"})
POLISH = frozenset("ąćęłńóśźżŚŁŻĆ")
CZECH = frozenset("áčďéěíňřšťúůýžľôäŠČŽŘ")
HUNGARIAN = frozenset("áéíóöőúüűÁÉŐÖÜ")
CYRILLIC = frozenset("оеаинтсрвлкмдпуяыьгзб")
KANA = frozenset(chr(code) for code in range(0x3041, 0x30FF)) | frozenset("、。ー・")
SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里，。、"
)
TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡，。、"
)
HANGUL = frozenset("이다는을에의가고하지한로를은도사기리대자어서인나스시으그과라일전제해정")
# Of equal scores the first: what is common comes before what is rare.
CANDIDATES = (
    Candidate(DEFAULT, frozenset("äöüßéèêàâçñóíáúãõåøæîôûùëïìòÄÖÜÉÈÀÇÑÅØÆ"), 0.9),
    Candidate("cp1251", CYRILLIC, 0.85),
    Candidate("koi8-r", CYRILLIC, 0.85),
    Candidate("cp866", CYRILLIC, 0.85),
    Candidate("iso8859-5", CYRILLIC, 0.85),
    Candidate("cp1253", frozenset("αοιετσνηυρπκμλςάέήίόύώδγ"), 0.9),
    Candidate("cp1250", POLISH, 0.97),
    Candidate("iso8859-2", POLISH, 0.97),
    Candidate("cp1250", CZECH, 0.97),
    Candidate("iso8859-2", CZECH, 0.97),
    Candidate("cp1250", HUNGARIAN, 0.97),
    Candidate("cp1254", frozenset("ığşçöüİŞÇÖÜâ"), 0.97),
    Candidate("cp1255", frozenset("יוהלאתרבמשנםעחקדפ"), 0.9),
    Candidate("cp1256", frozenset("اليمونترب عدسفهكقحة"), 0.8),
    Candidate("cp874", frozenset("านรอกเงยล่วมสตดทปคะหแ้ใี"), 0.8),
    Candidate("cp932", KANA, 0.5, frozenset({*range(0x81, 0x84), *range(0x88, 0x98)})),
    Candidate("gb18030", SIMPLIFIED, 0.3, frozenset({0xA1, 0xA3, *range(0xB0, 0xD8)})),
    Candidate("euc_jp", KANA, 0.5, frozenset({0xA1, 0xA4, 0xA5, *range(0xB0, 0xD0)})),
    Candidate("big5", TRADITIONAL, 0.3, frozenset({0xA1, *range(0xA4, 0xC7)})),
    Candidate("cp949", HANGUL, 0.35, frozenset({0xA1, *range(0xB0, 0xC9)})),
)


def legacy_encoding(sample: bytes) -> str:
    """Return the likeliest encoding of a text of which this is a part; Windows-1252 when nothing speaks for another."""
    if sum(byte > 0x7F for byte in sample) < FEWEST:
        return DEFAULT
    scores = [(_score(candidate, sample), candidate.encoding) for candidate in CANDIDATES]
    best = max(score for score, _ in scores)
    return DEFAULT if best < ENOUGH else next(name for score, name in scores if score == best)


def _score(candidate: Candidate, sample: bytes) -> float:
    text = sample.decode(candidate.encoding, "replace")
    letters = [
        character for character in text if character > "\x7f" and character not in PUNCTUATION
    ]
    if not letters or text.count("\ufffd") > MOST_BROKEN * len(letters) + 1:
        return 0.0
    frequent = sum(character in candidate.frequent for character in letters) / len(letters)
    score = min(1.0, frequent / candidate.share)
    if candidate.leads:
        return max(score, WELL_FORMED * _pairs(candidate, letters))
    return score * _fits_runs(sample, is_latin=candidate.encoding in LATIN)


def _fits_runs(sample: bytes, *, is_latin: bool) -> float:
    """Return how well the words fit the script: of Latin ones only some letters are not ASCII, of others all are."""
    in_runs = sum(map(len, RUN.findall(sample)))
    share = in_runs / max(1, sum(byte > 0x7F for byte in sample))
    return min(1.0, 1.5 * (1 - share)) if is_latin else share


def _pairs(candidate: Candidate, letters: list[str]) -> float:
    """Return the share of common pairs; none where their second bytes are ASCII, as behind a lone quotation mark."""
    pairs = [character.encode(candidate.encoding, "replace") for character in letters]
    high = sum(pair[-1] > 0x7F for pair in pairs)
    return (
        sum(pair[0] in candidate.leads for pair in pairs) / len(pairs)
        if 2 * high >= len(pairs)
        else 0.0
    )


def not_ascii(data: bytes) -> bytes:
    """Return what of these bytes tells an encoding: the lines that are not ASCII."""
    return b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:SAMPLE_BYTES]
