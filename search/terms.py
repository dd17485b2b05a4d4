"""What a text means to the index: the same analysis for passages, queries and highlights.

Identifiers count whole and split (`writeBoolean` -> writeboolean write boolean), as do addresses and file names; words are
case-folded, stripped of accents and stemmed by Snowball (snowballstem.org) in the language of the passage; scripts that
write no spaces are cut into overlapping pairs, as Lucene's CJKBigramFilter does. Stop words are kept, so that a query of
nothing else finds something. We write the tsvector ourselves: PostgreSQL's own parser would split names and addresses by
rules that no query of ours could repeat.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal, Protocol

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs]

MAX_LEXEME: Final = (
    96  # characters; longer runs are keys or encoded data, cut so that a prefix still finds them
)
MAX_POSITION: Final = 16_383  # of a tsvector
MAX_POSITIONS: Final = 255  # of one lexeme in a tsvector
HEADING_WEIGHT: Final = (
    2  # titles of cacm and scifact: nDCG@10 of BM25 +.014 and +.003 (docs/relevance.md)
)
FALLBACK: Final = "en"  # stems a text whose language is not known

_ALGORITHMS: Final = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "it": "italian",
    "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip

CHUNK: Final = re.compile(r"\S+")

Role = Literal["word", "stop", "whole", "tail"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A word at start:end. `whole` spans the parts that follow it and takes no position of its own."""

    start: int
    end: int
    stem: str
    exact: str
    role: Role


@dataclass(frozen=True, slots=True)
class Document:
    """A passage as the index stores it: a tsvector literal, and BM25's length, which is its words."""

    tsv: str
    lexeme_count: int


def pieces(text: str, lang: str) -> Iterator[Piece]:
    """Yield the pieces of `text` in order, offsets in code points of `text`."""
    for match in CHUNK.finditer(text):
        offset = match.start()
        for piece in analyse(match[0], lang):
            yield Piece(
                piece.start + offset, piece.end + offset, piece.stem, piece.exact, piece.role
            )


def document(body: str, lang: str, *, headings: str = "") -> Document:
    """Return the index form of a passage; headings count as if they stood before it HEADING_WEIGHT times."""
    positions: dict[str, list[int]] = {}
    length = at = 0
    for text in (*[headings] * HEADING_WEIGHT, body):
        at += 2 if at else 0  # a phrase does not reach from a heading into the text
        for chunk in text.split():
            for piece in analyse(chunk, lang):
                whole = piece.role == "whole"
                at += not whole
                length += piece.role in {"word", "stop"}
                for lexeme in (
                    (piece.stem,) if piece.stem == piece.exact else (piece.stem, piece.exact)
                ):
                    positions.setdefault(lexeme, []).append(at + whole)
    return Document(" ".join(map(_entry, positions.items())), length)


def detect(text: str) -> str:
    """Return the ISO 639-1 language of `text`, or "" where too little speaks for any.

    By script, and among languages of one script by stop words: good for sentences, silent on names and code.
    """
    sample = text[:2000]
    script = _script(sample)
    if script is not None and script != "ru":
        return script
    words = {word for word in _LETTERS.findall(sample.casefold()) if len(word) > 1}
    counts = Counter(lang for word in words for lang in _stop_languages().get(word, ()))
    (best, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    if most < max(MIN_STOP_WORDS, MIN_STOP_SHARE * len(words)) or most == next_most:
        return script or ""
    return best


def detect_among(text: str, known: Sequence[str]) -> str:
    """Return the language of a short text: where little speaks for any, that of `known` which most of its words are common in."""
    found = detect(text)
    if found or not known:
        return found
    words = set(_LETTERS.findall(text[:2000].casefold()))
    counts = Counter(
        lang for word in words for lang in _stop_languages().get(word, ()) if lang in known
    )
    (best, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return best if most > next_most else ""


MIN_STOP_WORDS: Final = 2  # different ones; one may be a name or a loan
MIN_STOP_SHARE: Final = (
    0.08  # of the different words; in code, chance finds fewer (0.8 % wrong, without it 1.5 %)
)

NO_SPACES: Final = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003134f"
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"  # \w lacks them
# Pictures: searched for by themselves. Marks beside words (© ® ™ °), bullets and the lines of boxes are left out, so that a
# phrase reaches over them.
_SYMBOLS = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\U0001f000-\U0001f0ff\U0001f110-\U0001f2ff\U0001f300-\U0001faff"
)
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"  # two letters, by which a country is written

_LETTERS = re.compile(r"[^\W\d_]+")
_PIECE = re.compile(
    rf"(?P<pairs>[{NO_SPACES}]+)|(?P<symbol>{_FLAG}|[{_SYMBOLS}])|(?P<sharp>[A-Za-z](?:\+\+|\#)(?!\w))"
    rf"|(?P<word>(?:(?![{NO_SPACES}])[^\W_]|[{_MARKS}])+)"
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IS_CAMEL = re.compile(r"[a-z][A-Z]|[A-Z]{2,}[a-z]{2}")
_CONTRACTED = frozenset(("s", "t", "d", "m", "ll", "re", "ve"))
_FOLDS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "\u0131": "i"}
)
_ESCAPES = str.maketrans({"'": "''", "\\": "\\\\"})


def analyse(chunk: str, lang: str) -> tuple[Piece, ...]:
    """Return the pieces of a run without spaces, offsets within it."""
    return _short(chunk, lang) if len(chunk) <= MAX_CACHED else tuple(_pieces(chunk, lang))


MAX_CACHED: Final = 24  # characters; longer chunks hardly come twice


@lru_cache(maxsize=30_000)
def _short(chunk: str, lang: str) -> tuple[Piece, ...]:
    return tuple(_pieces(chunk, lang))


def _pieces(chunk: str, lang: str) -> Iterator[Piece]:
    parts = list(_parts(chunk, lang))
    if len(parts) > 1 and (whole := _whole(chunk, parts)) is not None:
        yield whole
    yield from parts


def _parts(chunk: str, lang: str) -> Iterator[Piece]:
    for match in _PIECE.finditer(chunk):
        if match["pairs"]:
            yield from _pairs(match[0], match.start())
        elif match["word"]:
            after_apostrophe = match.start() > 0 and chunk[match.start() - 1] in "'\u2019"
            yield from _words(match[0], match.start(), lang, contracted=after_apostrophe)
        else:
            yield Piece(match.start(), match.end(), match[0].lower(), match[0].lower(), "word")


def _words(text: str, start: int, lang: str, *, contracted: bool) -> Iterator[Piece]:
    if text.isascii() and _IS_CAMEL.search(text):
        for match in _CAMEL.finditer(text):
            yield _word(match[0], start + match.start(), lang)
        return
    piece = _word(text, start, lang)
    if contracted and piece.exact in _CONTRACTED:
        piece = Piece(piece.start, piece.end, piece.stem, piece.exact, "stop")
    if piece.exact:  # nothing is left of an accent that stands alone
        yield piece


def _word(text: str, start: int, lang: str) -> Piece:
    folded = text[:MAX_LEXEME].casefold()
    exact = fold(folded)[:MAX_LEXEME]
    role: Role = "stop" if folded in stop_words(lang) else "word"
    return Piece(start, start + len(text), _stem(folded, exact, lang), exact, role)


def _pairs(text: str, start: int) -> Iterator[Piece]:
    """Yield each two neighbours; the last character stands alone too, so that a prefix of one finds every one."""
    for at in range(len(text) - 1):
        yield Piece(start + at, start + at + 2, text[at : at + 2], text[at : at + 2], "word")
    last = len(text) - 1
    yield Piece(start + last, start + last + 1, text[last], text[last], "tail" if last else "word")


def _whole(chunk: str, parts: list[Piece]) -> Piece | None:
    """Return the chunk as typed between its first and last part: a name in code, an address, a file name."""
    start, end = parts[0].start, parts[-1].end
    text = chunk[start:end]
    if len(text) > MAX_LEXEME or not _JOINED.fullmatch(text):
        return None
    lexeme = fold(text.casefold())
    return Piece(start, end, lexeme, lexeme, "whole")


_JOINED = re.compile(rf"(?!.*[{NO_SPACES}])[\w.@:/+&#%=?~-]+")


def fold(text: str) -> str:
    """Return case-folded text without accents; vowel signs of other scripts stay."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_FOLDS))
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    )


@lru_cache(maxsize=30_000)  # Snowball in Python takes 10-30 us a word
def _stem(folded: str, exact: str, lang: str) -> str:
    """Return the stem without accents; what is not made of letters has none."""
    if not exact.isalpha() or len(exact) < 3:
        return exact
    return fold(stemmer(lang).stemWord(folded))[:MAX_LEXEME] or exact


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


@cache
def stemmer(lang: str) -> _Stemmer:
    """Return Snowball's stemmer of a language, English where there is none."""
    return snowballstemmer.stemmer(  # pyright: ignore[reportUnknownMemberType]
        _ALGORITHMS.get(lang, _ALGORITHMS[FALLBACK])
    )


@cache
def stop_words(lang: str) -> frozenset[str]:
    """Return the stop words of a language, accents and all; of an unknown one those of the fallback."""
    lists = _stop_lists()
    return lists.get(lang or FALLBACK, frozenset())


@cache
def _stop_lists() -> dict[str, frozenset[str]]:
    lines = (Path(__file__).parent / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    entries = (line.partition(": ") for line in lines if not line.startswith("#"))
    return {lang: frozenset(words.split()) for lang, _, words in entries}


@cache
def _stop_languages() -> dict[str, tuple[str, ...]]:
    languages: dict[str, tuple[str, ...]] = {}
    for lang, words in _stop_lists().items():
        for word in words:
            languages[word] = (*languages.get(word, ()), lang)
    return languages


_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff]")), ("ko", re.compile("[\uac00-\ud7af]")), ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")), ("el", re.compile("[\u0370-\u03ff]")), ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")), ("he", re.compile("[\u0590-\u05ff]")), ("th", re.compile("[\u0e00-\u0e7f]")),
)  # fmt: skip

LANGUAGES: Final = tuple(sorted({*_ALGORITHMS, *(lang for lang, _ in _SCRIPTS)}))


def _script(sample: str) -> str | None:
    """Return the language that a script other than Latin stands for, when it makes up a fifth of the letters or more."""
    if sample.isascii():
        return None
    letters = sum(map(str.isalpha, sample)) or 1
    for lang, pattern in _SCRIPTS:
        if len(pattern.findall(sample)) * 5 >= letters:
            return lang
    return None


def _entry(item: tuple[str, list[int]]) -> str:
    lexeme, positions = item
    kept = ",".join([str(at) for at in positions[:MAX_POSITIONS] if at <= MAX_POSITION])
    return f"'{lexeme.translate(_ESCAPES)}':{kept or MAX_POSITION}"
