"""like: a message, a passage or a file as the query: its own words are looked for, after those that were typed.

A message is its whole text, a file or conversation its title and how it begins; as of every query, the first words count.
That the thing itself is no hit is search/filters.py.
"""

from dataclasses import dataclass, replace

from core.errors import InvalidInput
from core.scope import Scope
from search.filter_tree import Every, leaves
from search.operators import read_id
from search.query import MAX_CHARACTERS, MAX_TERMS, Query, Word, plain
from sql import fetch_one, read
from sql.pool import Pool


@dataclass(frozen=True, slots=True)
class _Text:
    text: str


_read_thing = read("filters.sql", "read_thing", _Text)


async def likened(pool: Pool, scope: Scope, query: Query) -> Query:
    """Return the query with the words of what like: names in it; nothing to compare with is InvalidInput."""
    filters = leaves(Every(query.narrowed_by()))
    wanted = next((f for f in filters if f.op == "like"), None)
    if wanted is None:
        return query
    async with pool.read_tx(scope) as conn:
        found = await fetch_one(
            conn, _read_thing, **scope.ids, id=read_id(wanted.value), characters=MAX_CHARACTERS
        )
    words = [clause for clause in plain(found.text).clauses if isinstance(clause, Word)]
    if not words:
        raise InvalidInput.of("like", "names nothing with words that you can read")
    room = max(MAX_TERMS - len(query.words()), 0)
    return replace(query, clauses=(*query.clauses, *words[:room]))
