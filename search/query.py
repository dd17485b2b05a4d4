"""Read a query string: operators, phrases, negation, prefixes and groups become a Query; everything else is words.

Total and pure: every string has a reading, and what cannot be meant is words plus a warning. Words only rank; phrases,
prefixes, groups, negations and filters narrow. OR binds tighter than the space, as on the web. What the words mean to
the index is search/terms.py; what means nothing to it is no word.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, TypeAlias

from search.filter_tree import FilterTree
from search.operators import Filter, filter_problem, operator_named
from search.terms import pieces

MAX_CHARACTERS: Final = 512
MAX_TERMS: Final = 32
MAX_FILTERS: Final = 32
MIN_PREFIX: Final = 3
MAX_DEPTH: Final = 8  # of parentheses; deeper ones are passed over

# Known from other search boxes: worth telling that they did nothing.
_ELSEWHERE: Final = frozenset(("file", "site", "title", "author", "subject", "label", "filename"))


@dataclass(frozen=True, slots=True)
class Word:
    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str


@dataclass(frozen=True, slots=True)
class Prefix:
    text: str  # without the star


@dataclass(frozen=True, slots=True)
class Not:
    clause: "Clause"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one option holds; an option holds when all of its clauses do."""

    options: tuple[tuple["Clause", ...], ...]


Clause: TypeAlias = Word | Phrase | Prefix | Not | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """`refused` says why there is nothing to look for, or is None."""

    text: str
    clauses: tuple[Clause, ...] = ()
    filters: tuple[Filter, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    tree: FilterTree | None = None  # of filters, given beside the text

    def narrowed_by(self) -> tuple[FilterTree, ...]:
        """Return the filters and the tree beside them."""
        return self.filters if self.tree is None else (*self.filters, self.tree)

    def words(self) -> tuple[str, ...]:
        """Return what is asked for positively, in the order written."""
        return tuple(_positive(self.clauses))

    def meaning(self) -> str:
        """Return what the embedder reads: the text itself where it is nothing but words."""
        if not self.filters and all(isinstance(clause, Word) for clause in self.clauses):
            return self.text
        return " ".join(self.words())

    def is_browse(self) -> bool:
        """Say whether only filters and negations were given, so that there is nothing to rank by."""
        return not self.words()


_TOKEN = re.compile(
    r"""(?P<negated>-?)(?:
        "(?P<phrase>[^"]*)"?
      | (?P<open>\()
      | (?P<op>[A-Za-z]{2,10}):(?:"(?P<quoted>[^"]*)"?|(?P<value>[^\s"()]+))
      | (?P<word>[^\s"()]+)
    ) | (?P<close>\)) | (?P<stray>-)""",
    re.VERBOSE,
)
_QUOTES = str.maketrans("“”„‟«»", '""""""')  # as word processors type them


def parse(text: str) -> Query:
    """Return the reading of `text`; never raises."""
    reader = _Reader(_clean(text))
    clauses = reader.sequence(depth=0)
    query = Query(
        reader.text, clauses, tuple(reader.filters), tuple(dict.fromkeys(reader.warnings))
    )
    return Query(query.text, query.clauses, query.filters, query.warnings, refusal(query))


def plain(text: str) -> Query:
    """Return `text` as words only: nothing in it is an operator. Long texts are cut, silently."""
    cleaned = _clean(text)[:MAX_CHARACTERS]
    found = [Word(word) for word in cleaned.split() if _is_indexed(word)]
    words = tuple(found[:MAX_TERMS])
    query = Query(cleaned, words)
    return Query(cleaned, words, refused=refusal(query))


class _Reader:
    """A cursor over the tokens, and what was found beside the clauses."""

    def __init__(self, text: str) -> None:
        self.warnings: list[str] = []
        self.filters: list[Filter] = []
        self.text = text[:MAX_CHARACTERS]
        if len(text) > MAX_CHARACTERS:
            self.warnings.append(f"Only the first {MAX_CHARACTERS} characters were read.")
        self._tokens = list(_TOKEN.finditer(self.text.translate(_QUOTES)))
        self._at = 0
        self._terms = 0

    def sequence(self, *, depth: int) -> tuple[Clause, ...]:
        """Read clauses up to the closing parenthesis or the end."""
        clauses: list[Clause] = []
        joined = False  # an OR stands before the next clause
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token["close"] and depth:
                break
            if token["word"] == "OR" and not token["negated"]:
                joined = bool(clauses)
            elif (clause := self._clause(token, depth)) is not None:
                clauses.append(_either(clauses.pop(), clause) if joined else clause)
                joined = False
        return tuple(clauses)

    def _clause(self, token: re.Match[str], depth: int) -> Clause | None:
        clause = self._group(depth) if token["open"] else self._leaf(token)
        if clause is not None and token["negated"]:
            return Not(clause)
        return clause

    def _group(self, depth: int) -> Clause | None:
        if depth >= MAX_DEPTH:
            return None
        inner = self.sequence(depth=depth + 1)
        return inner[0] if len(inner) == 1 else AnyOf((inner,)) if inner else None

    def _leaf(self, token: re.Match[str]) -> Clause | None:
        if token["op"] is not None:
            value = token["quoted"] if token["quoted"] is not None else token["value"]
            if self._filtered(token["op"].lower(), value, negated=bool(token["negated"])):
                return None
            return self._term(Word(token[0].removeprefix("-")))
        if token["phrase"] is not None:
            return self._term(Phrase(" ".join(token["phrase"].split())))
        return self._word(token["word"] or "")

    def _word(self, text: str) -> Clause | None:
        stem = text.rstrip("*")
        if stem == text:
            return self._term(Word(text))
        if sum(map(str.isalnum, stem)) >= MIN_PREFIX:
            return self._term(Prefix(stem))
        self.warnings.append(f"A prefix needs at least {MIN_PREFIX} characters: {text}")
        return self._term(Word(stem))

    def _term(self, clause: Word | Phrase | Prefix) -> Clause | None:
        if not _is_indexed(clause.text):
            return None
        self._terms += 1
        if self._terms > MAX_TERMS:
            self.warnings.append(f"Only the first {MAX_TERMS} words and phrases were used.")
            return None
        return clause

    def _filtered(self, op: str, value: str, *, negated: bool) -> bool:
        """Take an operator as a filter; say False when it has to be read as words."""
        known = operator_named(op)
        if known is None:
            if op in _ELSEWHERE:
                self.warnings.append(f"The operator {op}: is not known here; it was read as text.")
            return False
        problem = filter_problem(known, value, negated=negated)
        if problem is not None:
            self.warnings.append(problem)
            return False
        if len(self.filters) < MAX_FILTERS:
            self.filters.append(Filter(known, value.strip(), negated))
        else:
            self.warnings.append(f"Only the first {MAX_FILTERS} operators were used.")
        return True


def _clean(text: str) -> str:
    """Drop what PostgreSQL and UTF-8 cannot hold, and make every control character a space."""
    composed = unicodedata.normalize("NFC", text[: 4 * MAX_CHARACTERS])
    return "".join(
        " " if category == "Cc" else character
        for character in composed
        if (category := unicodedata.category(character)) != "Cs"
    ).strip()


def _either(left: Clause, right: Clause) -> AnyOf:
    """Return `left OR right`; a chain of ORs is one AnyOf."""
    if isinstance(left, AnyOf) and len(left.options) > 1:
        return AnyOf((*left.options, (right,)))
    return AnyOf(((left,), (right,)))


def _positive(clauses: tuple[Clause, ...]) -> list[str]:
    found: list[str] = []
    for clause in clauses:
        if isinstance(clause, AnyOf):
            for option in clause.options:
                found += _positive(option)
        elif not isinstance(clause, Not):
            found.append(clause.text)
    return found


def refusal(query: Query) -> str | None:
    """Return why a query finds nothing by itself, or None."""
    if query.words() or query.filters or query.tree is not None:
        return None
    if query.clauses:
        return "A query that only excludes words needs a filter or a word to look for."
    return "There is no word to look for."


def _is_indexed(text: str) -> bool:
    """Say whether anything here can be looked up, which the index alone knows: letters, digits, emoji."""
    return any(pieces(text, ""))
