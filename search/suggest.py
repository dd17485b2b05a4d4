"""Completions of the last token of a query as it is typed: titles, people, operators and their values, words, own last queries.

Words come only from passages that the caller may read: where few hold one that begins so, from all of those; else the workspace's
vocabulary names candidates, and each is confirmed in a readable passage, in at most TRIED of them. Read twice, like hits: found by the search role, then read as the
application under row-level security. Queries of one's own that begin like the whole of what is typed come first (search/recent.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from core.scope import Scope
from search.lexical import quoted
from search.lookup import like_pattern
from search.operators import HOLDINGS, OPERATORS, STATES, Operator, tag_of
from search.recent import going_on, list_recent
from search.searcher import Searcher
from search.terms import LANGUAGES, MAX_LEXEME, fold
from search.typed import (
    Token,
    folded,
    last_token,
    quotable,
    typed_word,
    written_filter,
    written_word,
)
from search.words import TRIED, Held, read_words
from sql import fetch, read
from sql.pool import ReadConn

MOST: Final = 12  # candidates of one kind; a person reads fewer
TITLES: Final = 60  # of which the best are shown
FILES: Final = 500  # whose extensions and folders are read
# The conversations and files that changed last: their words are known before the statistics count them.
LATEST: Final = 20
PASSAGES: Final = 20  # of each of those
RECENT: Final = (
    3  # own queries beside what completes a word; with nothing typed there is nothing else
)
KNOWN: Final = 24  # of the workspace's words that are tried until MOST are found to be readable
FEW: Final = 150  # passages that hold a word which begins so: then all of them are looked at
MIN_WORD: Final = 2  # ASCII letters before words are completed
MIN_ANYWHERE: Final = 3  # ASCII letters before a title matches within a word: a trigram

_KNOWN_VALUES: Final[dict[Operator, Sequence[str]]] = {
    "type": ("file", "message"),
    "lang": LANGUAGES,
    "has": HOLDINGS,
    "is": STATES,
}
SuggestionKind = Literal["recent", "title", "person", "operator", "value", "word"]
ItemKind = Literal["conversation", "file"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`insert` takes the place of the query's last token."""

    kind: SuggestionKind
    text: str
    insert: str
    item_id: UUID | None = None
    type: ItemKind | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`start` is where the last token of the query begins, in code points."""

    start: int
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    id: UUID
    begins: bool


@dataclass(frozen=True, slots=True)
class _Title:
    id: UUID
    kind: ItemKind
    title: str


@dataclass(frozen=True, slots=True)
class _Found:
    lexeme: str
    ndoc: int
    passage_id: UUID


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class _Value:
    value: str


_suggest_items = read("suggest.sql", "suggest_items", _Candidate)
_read_titles = read("suggest.sql", "read_titles", _Title)
_suggest_words = read("suggest.sql", "suggest_words", _Found)
_suggest_people = read("suggest.sql", "suggest_people", _Person)
_suggest_extensions = read("suggest.sql", "suggest_extensions", _Value)
_suggest_tags = read("tag.sql", "suggest_tags", _Value)
_suggest_folders = read("suggest.sql", "suggest_folders", _Value)


async def suggest(searcher: Searcher, scope: Scope, q: str, *, limit: int) -> Suggestions:
    """Return up to `limit` completions of the last token of `q` that `scope` may see."""
    token = last_token(q)
    found = [await _recent(searcher, scope, q, start=token.start)]
    if token.op is not None:
        found += [await _values(searcher, scope, token, op=token.op)]
    elif folded(token.value):
        found += await _anything(searcher, scope, token)
    return Suggestions(token.start, _share(found, limit))


async def _recent(searcher: Searcher, scope: Scope, q: str, *, start: int) -> Sequence[Suggestion]:
    """Return the caller's last queries that go on from `q`, newest first."""
    async with searcher.read_pool.read_tx(scope) as conn:
        queries = [row.query for row in await list_recent(conn, scope)]
    fitting = going_on(queries, q, start=start)
    return [Suggestion("recent", text, text[start:]) for text in fitting[: RECENT if q else None]]


async def _anything(searcher: Searcher, scope: Scope, token: Token) -> list[Sequence[Suggestion]]:
    """Return operators, titles, people and words, each best first; within quotes only words."""
    before, word = typed_word(token)
    async with searcher.search_pool.autocommit() as conn:
        items = [] if token.is_quoted else await _find_items(conn, scope, token.value, kind=None)
        words = await _find_words(conn, scope, word)
    async with searcher.read_pool.read_tx(scope) as conn:
        completed = await _read(conn, scope, words, typed=word)
        as_words = [
            Suggestion("word", text, written_word(token, before, text)) for text in completed
        ]
        if token.is_quoted:
            return [as_words]
        titles = await _titles(conn, scope, items, typed=token.value)
        people = await _people(conn, scope, token.value)
    return [
        list(_operators(token)),
        [_title(title, token.sign) for title in titles if quotable(title.title)],
        [
            Suggestion("person", text, written_filter(token, "from", value))
            for text, value in people
        ],
        as_words,
    ]


async def _values(
    searcher: Searcher, scope: Scope, token: Token, *, op: Operator
) -> list[Suggestion]:
    """Return the values of an operator that begin like what is typed of one."""
    typed = folded(token.value)
    if op in _KNOWN_VALUES:
        known = _KNOWN_VALUES[op]
        return [_value(token, op, value) for value in known if value.startswith(typed)]
    if op in {"in", "name"}:
        return await _places(searcher, scope, token, op=op)
    async with searcher.read_pool.read_tx(scope) as conn:
        if op == "tag":
            pattern = _prefix(tag_of(token.value))
            rows = await fetch(conn, _suggest_tags, **scope.ids, pattern=pattern, most=MOST)
            return [_value(token, op, row.value) for row in rows if quotable(row.value)]
        if op == "ext":
            pattern = _prefix(typed.strip())
            rows = await fetch(
                conn, _suggest_extensions, **scope.ids, pattern=pattern, files=FILES, most=MOST
            )
            return [_value(token, op, row.value) for row in rows if quotable(row.value)]
        if op in {"from", "to"}:
            people = await _people(conn, scope, token.value)
            me = [("me", "me")] if "me".startswith(typed) else []
            return [
                Suggestion("value", text, written_filter(token, op, value))
                for text, value in me + people
            ]
    return []


async def _places(
    searcher: Searcher, scope: Scope, token: Token, *, op: Operator
) -> list[Suggestion]:
    """Return the titles that name: (files) or in: (conversations, and folders before them) can narrow to."""
    kind: ItemKind = "file" if op == "name" else "conversation"
    async with searcher.search_pool.autocommit() as conn:
        items = await _find_items(conn, scope, token.value, kind=kind)
    async with searcher.read_pool.read_tx(scope) as conn:
        titles = await _titles(conn, scope, items, typed=token.value)
        folders = list[_Value]()
        if op == "in":
            folders = await fetch(
                conn, _suggest_folders, **scope.ids,
                word_start=_word_start(token.value), files=FILES, most=MOST,
            )  # fmt: skip
    return [_value(token, op, row.value) for row in folders if quotable(row.value)] + [
        Suggestion("value", row.title, written_filter(token, op, row.title), row.id, row.kind)
        for row in titles
        if quotable(row.title)
    ]


async def _find_items(
    conn: ReadConn, scope: Scope, typed: str, *, kind: ItemKind | None
) -> list[_Candidate]:
    text = folded(typed)
    if not text:
        return []
    anywhere = like_pattern(text) if _is_long(text, MIN_ANYWHERE) else None
    return await fetch(
        conn, _suggest_items, **scope.ids,
        word_start=_word_start(typed), anywhere=anywhere, kind=kind, most=TITLES,
    )  # fmt: skip


async def _titles(
    conn: ReadConn, scope: Scope, items: Sequence[_Candidate], *, typed: str
) -> list[_Title]:
    """Return the titles: those that begin so, those with a word that does, then the others; short ones first."""
    if not items:
        return []
    begins = {item.id for item in items if item.begins}
    rows = await fetch(conn, _read_titles, **scope.ids, ids=list({item.id for item in items}))
    rows.sort(
        key=lambda row: (
            row.id not in begins,
            not folded(row.title).startswith(folded(typed)),
            len(row.title),
            row.title,
            row.id,
        )
    )
    return rows[:MOST]


async def _find_words(conn: ReadConn, scope: Scope, word: str) -> list[_Found]:
    typed = _lexeme(word)
    if not _is_long(typed, MIN_WORD) or not any(map(str.isalnum, typed)):
        return []
    return await fetch(
        conn, _suggest_words, **scope.ids,
        begins=quoted(typed) + ":*", pattern=_prefix(typed),
        items=LATEST, passages=PASSAGES, tried=TRIED, known=KNOWN, few=FEW, most=MOST,
    )  # fmt: skip


async def _read(conn: ReadConn, scope: Scope, found: Sequence[_Found], *, typed: str) -> list[str]:
    """Return the words as they were written, a stem replaced by the word that it stands for."""
    if not found:
        return []
    held = [Held(row.lexeme, row.passage_id) for row in found]
    words = await read_words(conn, scope, held)
    typed = _lexeme(typed)
    written = dict.fromkeys(word for row in held for word in words.get(row.lexeme, ()))
    return [word for word in written if word.startswith(typed) and word != typed]


async def _people(conn: ReadConn, scope: Scope, typed: str) -> list[tuple[str, str]]:
    """Return members as shown and as from: takes them: by name, or by address where a name is not enough."""
    rows = await fetch(
        conn, _suggest_people,
        workspace_id=scope.workspace_id, word_start=_word_start(typed), most=MOST,
    )  # fmt: skip
    names = Counter(row.name.lower() for row in rows)
    return [
        (row.name, row.name)
        if names[row.name.lower()] == 1 and quotable(row.name) == row.name
        else (f"{row.name} ({row.email})", row.email)
        for row in rows
    ]


def _operators(token: Token) -> Iterator[Suggestion]:
    for op in OPERATORS:
        if op.startswith(token.value.lower()):
            yield Suggestion("operator", f"{op}:", f"{token.sign}{op}:")


def _title(row: _Title, sign: str) -> Suggestion:
    op: Operator = "name" if row.kind == "file" else "in"
    insert = written_filter(Token(0, "", sign=sign), op, row.title)
    return Suggestion("title", row.title, insert, row.id, row.kind)


def _value(token: Token, op: Operator, value: str) -> Suggestion:
    return Suggestion("value", value, written_filter(token, op, value))


def _lexeme(text: str) -> str:
    return fold(text.casefold())[:MAX_LEXEME]


def _prefix(text: str) -> str:
    return like_pattern(text).removeprefix("%")


def _word_start(text: str) -> str:
    return "% " + _prefix(folded(text))


def _is_long(text: str, least: int) -> bool:
    return len(text) >= least or (text != "" and not text.isascii())


def _share(kinds: Iterable[Sequence[Suggestion]], limit: int) -> tuple[Suggestion, ...]:
    """Return the best of each kind in turn until there are `limit`, in the order of the kinds."""
    lists = list(kinds)
    taken = [0] * len(lists)
    for _ in range(limit):
        open_lists = [n for n, found in enumerate(lists) if taken[n] < len(found)]
        if not open_lists:
            break
        taken[min(open_lists, key=lambda n: taken[n])] += 1
    return tuple(s for n, found in enumerate(lists) for s in found[: taken[n]])
