"""Read a query as one workspace's index understands it: its languages, its terms and how common each is.

Misspelt words are put right on the way (search/corrections.py).
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import structlog

from core.errors import NotFound, Unavailable
from search.answer import Correction
from search.corrections import corrected, find_corrections, suspects
from search.lexical import (
    Lengths,
    Term,
    Weighed,
    conditions,
    has_positive_condition,
    lengths_of,
    query_terms,
    weigh,
)
from search.query import Query
from search.searcher import Search
from search.semantic import EXACT_UP_TO
from search.statistics import Basis, read_basis
from search.terms import FALLBACK, detect_among

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LANGUAGES: Final = 3  # in which a query is stemmed
SEQ_WAIT_S: Final = 1.0
SEQ_POLL_S: Final = 0.02

_QUESTION: Final = re.compile(r"[?？؟](?!\w)")  # noqa: RUF001  (question marks of other scripts)


@dataclass(frozen=True, slots=True)
class Question:
    """A query as this workspace's index understands it, corrections made."""

    query: Query
    basis: Basis
    spoken: str  # the language chosen, or that the query is in; "" where nothing tells
    langs: tuple[str, ...]
    weighed: tuple[Weighed, ...]
    lengths: Lengths
    condition: str | None  # the tsquery that every hit has to match
    is_exact: bool  # whether every vector is compared, not the HNSW index asked
    unknown: tuple[Term, ...]  # no passage was counted to hold them
    corrections: tuple[Correction, ...] = ()

    @property
    def asks(self) -> bool:
        """Say whether the query is a question."""
        return _QUESTION.search(self.query.text) is not None

    @property
    def foreign(self) -> frozenset[str]:
        """Return the languages of the workspace beside the query's; none where it does not hold the query's own."""
        langs = frozenset(self.basis.langs)
        return langs - {self.spoken} if self.spoken in langs else frozenset()


async def understand(search: Search) -> Question:
    """Read the query in the languages of the workspace, which the same statement tells: asked again if they are new."""
    workspace_id, languages = search.scope.workspace_id, search.searcher.languages
    known = languages.get(workspace_id, ())
    question = await _read(search, known)
    if question.basis.index_seq < (search.request.min_seq or 0):
        await _await_seq(search)
        question = await _read(search, known)
    told = tuple(question.basis.langs)
    if told != known:
        languages[workspace_id] = told
        if set(told) - set(question.langs):
            question = await _read(search, told)
    return await _put_right(search, question)


async def _read(search: Search, known: Sequence[str]) -> Question:
    query = search.query
    spoken = spoken_language(query, search.request.lang, known)
    langs = query_languages(query, search.request.lang, known)
    terms = query_terms(query, langs)
    lexemes = list(dict.fromkeys(lexeme for term in terms for lexeme in term.lexemes))
    basis = await _basis(search, lexemes)
    counts = dict(zip(lexemes, basis.ndocs, strict=True))
    weighed = weigh(terms, counts, passage_count=basis.passage_count)
    few = basis.passage_count <= EXACT_UP_TO or has_positive_condition(query)
    is_exact = few or search.request.recall == "exact"
    own = min(len(search.request.asking), 1)  # the question may have been counted with the rest
    unknown = tuple(term for term in terms if all(counts[each] <= own for each in term.lexemes))
    condition = conditions(query, langs)
    alone = search.request.mode == "lexical" or search.request.semantic_ratio == 0
    lengths = lengths_of(basis.average_length, alone=alone)
    return Question(query, basis, spoken, langs, weighed, lengths, condition, is_exact, unknown)


async def _put_right(search: Search, question: Question) -> Question:
    """Read the query again with its misspelt words corrected; as typed where that cannot be told in time."""
    lang, real_words = question.langs[0], search.searcher.real_words
    asked = suspects(search.query, question.unknown, real_words=real_words, lang=lang)
    if not asked:
        return question
    try:
        async with asyncio.timeout(search.searcher.lexical_timeout_s):
            corrections = await find_corrections(search, asked)
    except (Unavailable, TimeoutError) as error:
        log.warning("words not corrected", error=str(error) or "timed out")
        return question
    if not corrections:
        return question
    query = corrected(search.query, corrections)
    again = await _read(replace(search, query=query), question.langs)
    return replace(again, corrections=corrections)


async def _basis(search: Search, lexemes: Sequence[str]) -> Basis:
    async with search.searcher.search_pool.autocommit() as conn:
        basis = await read_basis(
            conn,
            search.scope.workspace_id,
            lexemes=lexemes,
            generation_id=search.searcher.generation_id,
        )
    if basis is None:
        raise NotFound("No such workspace.")
    return basis


async def _await_seq(search: Search) -> None:
    """Wait until the index has seen min_seq; on one database it has, on a replica it comes soon."""
    wanted = search.request.min_seq or 0
    until = perf_counter() + SEQ_WAIT_S
    while (await _basis(search, [])).index_seq < wanted:
        if perf_counter() > until:
            search.watch.degraded.append("min_seq")
            return
        await asyncio.sleep(SEQ_POLL_S)


def spoken_language(query: Query, chosen: str | None, known: Sequence[str]) -> str:
    """Return the language chosen, or that the query is in, which short ones tell best among those of the workspace."""
    return chosen or detect_among(" ".join(query.words()), known)


def query_languages(query: Query, chosen: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the languages to stem a query in: the one chosen or spoken first, then the workspace's."""
    spoken = spoken_language(query, chosen, known)
    first = [spoken] if spoken and (chosen or spoken in known or not known) else []
    last = [spoken, FALLBACK] if spoken else [FALLBACK]
    return tuple(dict.fromkeys([*first, *known, *last]))[:LANGUAGES]
