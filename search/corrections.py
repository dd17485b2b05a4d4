"""Put misspelt words of a query right by the words of the workspace's own texts, and say so (docs/adr).

A word is looked at when no passage was counted to hold it. One that hardly any passage holds is looked at where little was found,
and only asked about: a slip that somebody wrote down stays as typed, for most rare words are right. It is misspelt when no passage and no title that the caller
may read holds it after all, and a word that the caller may read is a slip or two away. In quotes it stays as typed, as do operators,
negations and prefixes (search/query.py reads those), and so does a word that is known to be one (search/real_words.py); what else
stays is in search/spelling.py. Words of titles are never proposed, nor two words for one.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from core.errors import Unavailable
from search.answer import Correction
from search.lexical import Term, Weighed
from search.lookup import like_pattern
from search.query import AnyOf, Clause, Query, Word
from search.searcher import Search
from search.spelling import REACH, Neighbour, best, distance, is_near, spelt
from search.terms import fold
from search.words import find_holders, read_words
from sql import fetch, read

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST_WORDS: Final = 4  # of one query: each costs up to 10 ms at 300,000 lexemes
LOOKED_AT: Final = 40  # lexemes by trigrams for each word
NOUNS_ARE_CAPITAL: Final = frozenset(("de", "lb"))
CONFIRMED: Final = 3  # of those that are near: whether the caller may read them
RARE: Final = 3  # passages at most that hold a slip which was written down (docs/adr)
OFTEN: Final = 50  # times as many hold the word that may be meant

_find_neighbours = read("corrections.sql", "find_neighbours", Neighbour)
_TOKEN: Final = re.compile(r'["“”„‟«»][^"“”„‟«»]*["“”„‟«»]?|[^\s"“”„‟«»()]+')


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A word as typed, and as the index would hold it; only words that so many passages hold stand for it."""

    typed: str
    term: Term
    least: int = 0


def suspects(
    query: Query, unheld: Sequence[Term], *, real_words: frozenset[str], lang: str
) -> list[_Suspect]:
    """Return the words of the query to look at: those of the terms given that may be corrected at all."""
    terms = {term.word: term for term in unheld if term.word not in real_words}
    typed = dict.fromkeys(word for text in _words(query.clauses) if (word := spelt(text)))
    names = set[str]() if lang in NOUNS_ARE_CAPITAL else _names(query)
    found = [
        _Suspect(word, terms[key])
        for word in typed
        if word not in names and (key := _folded(word)) in terms
    ]
    return found[:MOST_WORDS]


def _names(query: Query) -> set[str]:
    """Return the words with a capital in the middle of others without: names, which these texts need not hold."""
    words = [word for text in _words(query.clauses) if (word := spelt(text))]
    is_title = all(word[0].isupper() for word in words)
    return set() if is_title else {word for word in words[1:] if word[0].isupper()}


async def find_corrections(search: Search, asked: Sequence[_Suspect]) -> tuple[Correction, ...]:
    """Return a correction for each suspect that has one, in their order; those of rare words are not applied."""
    searcher, scope = search.searcher, search.scope
    likely = await _likely(search, asked)
    if not likely:
        return ()
    lexemes = dict.fromkeys(lexeme for found in likely.values() for lexeme in found)
    async with searcher.search_pool.autocommit() as conn:
        held = await find_holders(conn, scope, list(lexemes))
    if not held:
        return ()
    async with searcher.read_pool.read_tx(scope) as conn:
        written = await read_words(conn, scope, held)
    return tuple(
        Correction(suspect.typed, _cased(found, like=suspect.typed), applied=not suspect.least)
        for suspect in asked
        if (found := _chosen(suspect.term.word, likely.get(suspect.term.word, ()), written))
    )


async def find_suggestions(
    search: Search, rare: Sequence[Weighed], *, lang: str
) -> tuple[Correction, ...]:
    """Return what may be meant by rare words; nothing where that cannot be told in time."""
    ndocs = {entry.term.word: entry.ndoc for entry in rare}
    known = search.searcher.real_words
    asked = [
        replace(suspect, least=OFTEN * ndocs[suspect.term.word])
        for suspect in suspects(
            search.query, [entry.term for entry in rare], real_words=known, lang=lang
        )
    ]
    if not asked:
        return ()
    try:
        async with asyncio.timeout(search.searcher.lexical_timeout_s):
            return await find_corrections(search, asked)
    except (Unavailable, TimeoutError) as error:
        log.warning("no words suggested", error=str(error) or "timed out")
        return ()


def rare_among(weighed: Sequence[Weighed], *, passage_count: int) -> list[Weighed]:
    """Return the words that hardly any passage holds, where another may be as frequent as a suggestion has to be."""
    return [entry for entry in weighed if entry.ndoc <= min(RARE, passage_count // OFTEN)]


def corrected(query: Query, corrections: Sequence[Correction]) -> Query:
    """Return the query with the corrections that are applied in the place of the words."""
    instead = {c.word: c.correction for c in corrections if c.applied}
    if not instead:
        return query
    text = _TOKEN.sub(lambda token: _instead(token[0], instead), query.text)
    return replace(query, text=text, clauses=_replaced(query.clauses, instead))


async def _likely(search: Search, asked: Sequence[_Suspect]) -> dict[str, list[str]]:
    """Return the likeliest lexemes for each word that nothing readable holds."""
    words = [suspect.term.word for suspect in asked]
    least = {suspect.term.word: suspect.least for suspect in asked}
    async with search.searcher.search_pool.autocommit() as conn:
        near = await fetch(
            conn, _find_neighbours, **search.scope.ids, words=words, asking=list(search.request.asking),
            tsqueries=[suspect.term.tsquery() for suspect in asked],
            patterns=[like_pattern(word) for word in words], reach=REACH, most=LOOKED_AT,
            held=any(least.values()),
        )  # fmt: skip
    frequent = [row for row in near if row.ndoc >= least[row.word]]
    by_word = {word: [row for row in frequent if row.word == word] for word in words}
    ranked = {word: best(word, rows, most=CONFIRMED) for word, rows in by_word.items()}
    return {word: lexemes for word, lexemes in ranked.items() if lexemes}


def _chosen(word: str, likely: Sequence[str], written: Mapping[str, Sequence[str]]) -> str | None:
    """Return the nearest word behind the first of the lexemes that leads to one."""
    for lexeme in likely:
        near = [other for other in written.get(lexeme, ()) if is_near(word, other)]
        if near:
            return min(near, key=lambda other: (distance(word, other), other))
    return None


def _words(clauses: Sequence[Clause]) -> Iterator[str]:
    """Yield the plain words that are asked for, in the order written."""
    for clause in clauses:
        if isinstance(clause, Word):
            yield clause.text
        elif isinstance(clause, AnyOf):
            for option in clause.options:
                yield from _words(option)


def _replaced(clauses: Sequence[Clause], instead: Mapping[str, str]) -> tuple[Clause, ...]:
    return tuple(_clause(clause, instead) for clause in clauses)


def _clause(clause: Clause, instead: Mapping[str, str]) -> Clause:
    if isinstance(clause, Word):
        return Word(_instead(clause.text, instead))
    if isinstance(clause, AnyOf):
        return AnyOf(tuple(_replaced(option, instead) for option in clause.options))
    return clause


def _instead(token: str, instead: Mapping[str, str]) -> str:
    """Return the token with its word corrected, its punctuation kept."""
    word = spelt(token)
    return token if word is None else token.replace(word, instead.get(word, word), 1)


def _folded(word: str) -> str:
    return fold(word.casefold())


def _cased(word: str, *, like: str) -> str:
    return word.capitalize() if like[0].isupper() else word
