from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InvalidInput, Unavailable
from core.scope import Scope
from search.answer import SearchRequest
from search.everywhere import MOST, retrieve_everywhere
from search.retrieve import retrieve
from tests.make import make_membership, make_scope
from tests.search.make import make_conversation, make_file, make_item, make_message, make_searcher

ASKED = SearchRequest(q="pension", mode="lexical", limit=3)


@pytest.fixture
async def scopes(resources, owner_connection):
    """Ada's own workspace, one of Eve's that she belongs to, and nothing of Bob's."""
    ada = await make_scope(owner_connection)
    eve = await make_scope(owner_connection, "eve")
    return [
        ada,
        await make_membership(owner_connection, Scope(ada.account_id, eve.workspace_id, "member")),
    ]


async def fill(resources, owner, scope, *texts, first=0):
    """Post each text as a message, an hour apart."""
    talk = await make_conversation(owner, scope)
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=first)
    for hour, text in enumerate(texts):
        await make_message(
            resources, owner, scope, conversation_id=talk, content=text, at=start + timedelta(hours=hour)
        )  # fmt: skip


@pytest.fixture
async def searcher(resources, owner_connection, scopes):
    texts = [f"pension {'and more ' * n}" for n in range(4)]
    await fill(resources, owner_connection, scopes[0], *texts)
    await fill(resources, owner_connection, scopes[1], *(f"{t} there" for t in texts), first=30)
    return make_searcher(resources)


async def pages(searcher, scopes, request):
    answers = [await retrieve_everywhere(searcher, scopes, request)]
    while cursor := answers[-1].page.next_cursor:
        answers.append(await retrieve_everywhere(searcher, scopes, replace(request, cursor=cursor)))
    return answers


@pytest.mark.parametrize("redis", [True, False])
async def test_the_pages_of_all_workspaces_are_one_list_without_gap_or_repeat(
    searcher, scopes, redis
):
    searcher = searcher if redis else replace(searcher, redis=None)
    found = await pages(searcher, scopes, ASKED)
    hits = [hit for answer in found for hit in answer.hits]
    each = [await retrieve(searcher, scope, replace(ASKED, limit=100)) for scope in scopes]
    alone = sorted((hit for a in each for hit in a.hits), key=lambda hit: (-hit.score, hit.id))
    assert [hit.id for hit in hits] == [hit.id for hit in alone]
    assert [len(answer.hits) for answer in found] == [3, 3, 2]
    assert [answer.page.has_more for answer in found] == [True, True, False]
    assert {answer.page.estimated_total for answer in found} == {8}
    assert {hit.workspace_id for hit in hits} == {scope.workspace_id for scope in scopes}
    assert await pages(searcher, scopes, ASKED) != []


async def test_what_is_withdrawn_between_pages_makes_no_hit_come_twice(
    searcher, scopes, owner_connection
):
    one = replace(ASKED, limit=2)
    everything = await retrieve_everywhere(searcher, scopes, replace(ASKED, limit=100))
    first = await retrieve_everywhere(searcher, scopes, one)
    shown = {hit.id for hit in first.hits}
    following = [hit for hit in everything.hits if hit.id not in shown]
    gone = [next(h for h in following if h.workspace_id == s.workspace_id) for s in scopes]
    await owner_connection.execute(
        "UPDATE message SET deleted_at = now() WHERE id = ANY ($1)", [hit.message_id for hit in gone]
    )  # fmt: skip
    rest = await pages(searcher, scopes, replace(one, cursor=first.page.next_cursor))
    found = [hit.id for hit in first.hits] + [hit.id for answer in rest for hit in answer.hits]
    assert found == [hit.id for hit in everything.hits if hit not in gone]


async def test_dates_are_one_order_too(searcher, scopes):
    for sort, sign in (("newest", -1), ("oldest", 1)):
        found = await pages(searcher, scopes, replace(ASKED, sort=sort))
        times = [hit.created_at.timestamp() * sign for answer in found for hit in answer.hits]
        assert (len(times), times) == (8, sorted(times))


async def test_a_hit_of_another_workspace_links_there(searcher, scopes):
    found = await retrieve_everywhere(searcher, scopes, replace(ASKED, limit=8))
    for hit in found.hits:
        assert hit.links.self.endswith(f"&workspace={hit.workspace_id}")
        assert hit.links.open.endswith(f"&workspace={hit.workspace_id}")


async def test_what_is_not_shared_there_stays_unseen_and_gaps_are_summed(
    resources, owner_connection, scopes, searcher
):
    eve = await owner_connection.fetchval(
        "SELECT id FROM account WHERE personal_workspace_id = $1", scopes[1].workspace_id
    )
    hers = Scope(eve, scopes[1].workspace_id, "owner")
    await make_file(resources, owner_connection, hers, name="x.txt", passages=["my own pension"])
    for scope in (*scopes, hers):
        await make_item(owner_connection, scope, "file", "scan.pdf")
    await owner_connection.execute(
        "UPDATE file SET state = 'failed' WHERE id IN (SELECT id FROM item WHERE title = 'scan.pdf')"
    )
    found = await retrieve_everywhere(searcher, scopes, replace(ASKED, limit=100))
    assert (len(found.hits), found.coverage.failed) == (8, 2)


@asynccontextmanager
async def slow(owner, workspace_id):
    """Let whatever the search role asks of this workspace end as a statement does that takes too long."""
    await owner.execute(
        "CREATE FUNCTION too_slow() RETURNS boolean LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'canceling statement' USING ERRCODE = 'query_canceled'; END $$"
    )
    await owner.execute(
        "CREATE POLICY slow ON workspace AS RESTRICTIVE TO recollect_search "
        f"USING (id <> '{workspace_id}' OR too_slow())"
    )
    try:
        yield
    finally:
        await owner.execute("DROP POLICY slow ON workspace")
        await owner.execute("DROP FUNCTION too_slow")


async def test_a_workspace_that_does_not_answer_is_named_and_comes_back_with_the_next_page(
    searcher, scopes, owner_connection
):
    request = replace(ASKED, limit=100)
    async with slow(owner_connection, scopes[1].workspace_id):
        found = await retrieve_everywhere(searcher, scopes, request)
        with pytest.raises(Unavailable):
            await retrieve_everywhere(searcher, scopes[1:], request)
    assert (len(found.hits), found.degraded, found.page.has_more) == (4, ("workspaces",), True)
    again = replace(request, cursor=found.page.next_cursor)
    following = await retrieve_everywhere(searcher, scopes, again)
    assert {hit.workspace_id for hit in following.hits} == {scopes[1].workspace_id}
    assert (following.degraded, following.page.has_more) == ((), False)


async def test_reranking_is_left_out_and_said_on_every_page(searcher, scopes):
    found = await pages(searcher, scopes, replace(ASKED, rerank=True))
    plain = await pages(searcher, scopes, ASKED)
    assert {answer.degraded for answer in found} == {("rerank",)}
    assert [h.id for a in found for h in a.hits] == [h.id for a in plain for h in a.hits]


async def test_more_workspaces_than_are_searched_is_said(searcher, scopes):
    many = [scopes[0]] * (MOST + 3)
    found = await retrieve_everywhere(searcher, many, ASKED)
    assert found.query.warnings == (
        "3 of your workspaces were not searched: name one to search it.",
    )


async def test_a_cursor_is_good_for_its_person_and_query_alone(searcher, scopes, owner_connection):
    cursor = (await retrieve_everywhere(searcher, scopes, ASKED)).page.next_cursor
    assert cursor is not None
    one = (await retrieve(searcher, scopes[0], ASKED)).page.next_cursor
    forged = f"{'A' if cursor[0] != 'A' else 'B'}{cursor[1:23]}{'A' * 39}"
    eve = await make_scope(owner_connection, "eve")
    hers = [Scope(eve.account_id, scope.workspace_id, "member") for scope in scopes]
    for who, request in (
        (hers, replace(ASKED, cursor=cursor)),
        (scopes, replace(ASKED, cursor=cursor, q="other")),
        (scopes, replace(ASKED, cursor=one)),
        (scopes, replace(ASKED, cursor=forged)),
        (scopes, replace(ASKED, cursor="nonsense")),
        (scopes, replace(ASKED, min_seq=1)),
    ):
        with pytest.raises(InvalidInput, match=r"cursor|min_seq"):
            await retrieve_everywhere(searcher, who, request)


async def test_who_left_a_workspace_pages_on_through_the_others(searcher, scopes):
    first = await retrieve_everywhere(searcher, scopes, ASKED)
    left = await retrieve_everywhere(
        searcher, scopes[:1], replace(ASKED, cursor=first.page.next_cursor)
    )
    assert {hit.workspace_id for hit in left.hits} == {scopes[0].workspace_id}


@pytest.mark.parametrize("op", ["near", "like"])
async def test_what_names_a_thing_of_one_workspace_is_refused(resources, op):
    asked = SearchRequest(q=f"x {op}:01a1fed2-b5cb-7e44-af7f-164aeaa07de2")
    with pytest.raises(InvalidInput, match=f"{op}: names something of one workspace"):
        await retrieve_everywhere(make_searcher(resources), [], asked)
