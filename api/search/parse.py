"""POST /search/parse: how a query is read, as a tree of clauses, filters with the instants they mean, and warnings.

Asks no index: a name that nobody has is a filter here as well.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from api.deps import ScopeDep
from api.search.fields import Zone
from api.search.filter import FilterList, filter_trees, flat, nested
from api.wire import Answer, Body, Text
from search.answer import SearchRequest
from search.dates import Clock, Span, read_span
from search.filter_tree import alternatives
from search.filters import date_of
from search.operators import Filter, Operator
from search.query import MAX_CHARACTERS, AnyOf, Clause, Not, Phrase, Word
from search.retrieve import parse_request, read_clock

router = APIRouter(prefix="/search", tags=["Search"])


class ParseBody(Body):
    q: Annotated[Text, Field(max_length=MAX_CHARACTERS, examples=["pension -widow during:2026-03"])]
    tz: Zone = "UTC"
    filter: FilterList = ()


class TermClause(Answer):
    """A prefix is told without its star."""

    kind: Literal["word", "phrase", "prefix"]
    text: str


class NotClause(Answer):
    kind: Literal["not"] = "not"
    clause: "ClauseAnswer"


class AnyClause(Answer):
    """At least one option holds; an option holds when all of its clauses do."""

    kind: Literal["any"] = "any"
    options: list[list["ClauseAnswer"]]


ClauseAnswer = Annotated[TermClause | NotClause | AnyClause, Field(discriminator="kind")]


class ReadFilterAnswer(Answer):
    """`from` belongs to the span and `to` does not; null is open, or no date at all. A negated filter leaves the rest."""

    op: Operator
    value: str
    negated: bool
    begin: Annotated[datetime | None, Field(serialization_alias="from")]
    end: Annotated[datetime | None, Field(serialization_alias="to")]


class Parsed(Answer):
    """`refused` says why a search would refuse the query, or is null.

    `filters` narrow together; of `alternatives`, which is what the trees of `filter` come to, one has to hold as well. It
    is null without a tree.
    """

    text: str
    clauses: list[ClauseAnswer]
    filters: list[ReadFilterAnswer]
    alternatives: list[list[ReadFilterAnswer]] | None
    warnings: list[str]
    refused: str | None


NotClause.model_rebuild()
AnyClause.model_rebuild()


@router.post("/parse", summary="Show how a query is read, without searching")
async def parse_query(body: ParseBody, scope: ScopeDep) -> Parsed:
    clock = read_clock(body.tz)
    given = filter_trees(body.filter)
    query = parse_request(SearchRequest(q=body.q, filters=flat(given), tree=nested(given)))
    branches = None if query.tree is None else alternatives(query.tree)
    return Parsed(
        text=query.text,
        clauses=[_clause(clause) for clause in query.clauses],
        filters=[_filter(f, clock) for f in query.filters],
        alternatives=None
        if branches is None
        else [[_filter(f, clock) for f in branch] for branch in branches],
        warnings=list(query.warnings),
        refused=query.refused,
    )


def _clause(clause: Clause) -> TermClause | NotClause | AnyClause:
    if isinstance(clause, Not):
        return NotClause(clause=_clause(clause.clause))
    if isinstance(clause, AnyOf):
        return AnyClause(options=[[_clause(part) for part in option] for option in clause.options])
    kind = "word" if isinstance(clause, Word) else "prefix"
    return TermClause(kind="phrase" if isinstance(clause, Phrase) else kind, text=clause.text)


def _filter(f: Filter, clock: Clock) -> ReadFilterAnswer:
    date = date_of(f)
    span = (date and read_span(date.op, date.value, clock=clock)) or Span()
    return ReadFilterAnswer(
        op=f.op, value=f.value, negated=f.negated, begin=span.begin, end=span.end
    )
