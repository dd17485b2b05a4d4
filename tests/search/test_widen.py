"""A list in which one text, or one conversation, would take every place."""

from dataclasses import replace
from uuid import UUID

import pytest

from search.answer import SearchRequest
from search.filters import Constraints
from search.fuse import Candidate, Listed
from search.narrowing import Option
from search.query import parse
from search.retrieve import retrieve
from search.searcher import Search
from search.widen import DEPTH, is_short, look_further
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message, make_searcher, ranked

MANY, OTHERS = 100, 20
DONE = "Deploy finished."
A, B, TALK = (UUID(int=n) for n in (1, 2, 3))


def pairs(count):
    found = []
    for n in range(count):
        id_ = UUID(int=n)
        candidate = Candidate(id_, TALK, True, b"same", bm25=1.0, name=0.0, cosine=None, centre=0.0)
        found.append((candidate, Listed(id_, 1.0, ("lexical",))))
    return found


@pytest.mark.parametrize(
    ("limit", "lost", "left", "short"),
    [(10, 50, 10, True), (10, 50, 20, False), (100, 50, 100, True), (100, 50, 101, False), (10, 0, 5, False)],
)  # fmt: skip
def test_a_list_is_short_that_lost_hits_and_has_less_than_two_pages(limit, lost, left, short):
    found = pairs(lost + left)
    listed = [hit for _, hit in found[:left]]
    assert is_short(SearchRequest(q="x", limit=limit), found, listed) is short


def test_the_next_look_leaves_out_what_was_seen_and_the_groups_that_are_full(resources, fruit):
    request = SearchRequest(q="x", group_by="conversation", group_limit=2)
    search = Search(make_searcher(resources), fruit, request, parse("x"), Constraints())
    found = pairs(3)
    listed = [hit for _, hit in found[:2]]
    further = look_further(search, found, listed, texts=[b"same"])
    full = Constraints((Option(not_items=frozenset((TALK,))),))
    assert further == replace(search, within=full, apart=frozenset((b"same",)), depth=DEPTH)
    assert look_further(search, found, listed[:1]) == replace(search, depth=DEPTH)
    by_file = replace(search, request=replace(request, group_by="file"))
    assert look_further(by_file, found, listed).within == Constraints()


@pytest.fixture
async def busy(resources, owner_connection):
    """A conversation in which one thing was said a hundred times, and others in which it was said otherwise."""
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope, "Busy")
    for _ in range(MANY):
        await make_message(resources, owner_connection, scope, conversation_id=talk, content=DONE)
    for n in range(OTHERS):
        other = await make_conversation(owner_connection, scope, "Other")
        content = f"Deploy finished, it seems, on machine number {n} of those that we rent there."
        await make_message(
            resources, owner_connection, scope, conversation_id=other, content=content
        )
    await embed_all(resources, owner_connection, scope)
    return scope, talk


@pytest.mark.parametrize("mode", ["lexical", "semantic", "hybrid"])
async def test_a_text_that_stands_a_hundred_times_is_one_hit_and_the_others_come_behind_it(
    resources, busy, mode
):
    scope, talk = busy
    asked = SearchRequest(q="deploy finished", mode=mode)
    answer = await retrieve(make_searcher(resources), scope, asked)
    first, *rest = answer.hits
    assert (first.text, first.item_id, first.also_in) == (DONE, talk, ())
    assert len(set(first.also_here)) >= 59
    assert first.message_id not in first.also_here
    assert (len({hit.item_id for hit in rest}), answer.page.has_more) == (9, True)
    assert talk not in {hit.item_id for hit in rest}


async def test_a_list_by_date_shows_each_of_a_hundred_equal_messages(resources, busy):
    scope, talk = busy
    ranking = await ranked(make_searcher(resources), scope, "deploy finished", sort="oldest")
    assert len(ranking.listed) == MANY + OTHERS
    asked = SearchRequest(q="deploy finished", sort="oldest", limit=100)
    answer = await retrieve(make_searcher(resources), scope, asked)
    assert [(hit.item_id, hit.also_here) for hit in answer.hits] == [(talk, ())] * MANY


@pytest.mark.parametrize("given", [{"mode": "lexical"}, {"mode": "semantic"}, {"sort": "newest"}])
async def test_a_busy_conversation_leaves_room_for_the_other_groups(
    resources, owner_connection, given
):
    scope = await make_scope(owner_connection)
    for n in range(OTHERS):
        other = await make_conversation(owner_connection, scope, f"Other {n}")
        await make_message(
            resources, owner_connection, scope, conversation_id=other,
            content=f"The pension, among much else that was said there on day {n}.",
        )  # fmt: skip
    talk = await make_conversation(owner_connection, scope, "Busy")
    count = 2 * MANY if "sort" in given else MANY
    for n in range(count):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=f"pension {n}"
        )
    await embed_all(resources, owner_connection, scope)
    searcher = make_searcher(resources)
    for limit in (1, 2):
        grouped = SearchRequest(q="pension", limit=50, group_by="conversation", group_limit=limit)
        answer = await retrieve(searcher, scope, replace(grouped, **given))
        items = [hit.item_id for hit in answer.hits]
        assert (len(set(items)), items.count(talk)) == (OTHERS + 1, limit)
