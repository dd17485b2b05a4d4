"""What is looked up for a query, and that rare words beside common ones do not keep these from being found."""

from search.answer import SearchRequest
from search.candidates import Candidates, candidates
from search.lexical import query_terms, weigh
from search.narrowing import Constraints, Option
from search.query import parse
from search.rank import rank
from search.statistics import refresh
from search.why_not import why_not
from tests.make import make_colleague
from tests.search.make import make_conversation, make_crowd, make_message, make_searcher

EN = ("en",)


def chosen_of(q, counts, *, condition=None, total=100_000):
    query = parse(q)
    weighed = weigh(query_terms(query, EN), counts, passage_count=total)
    return candidates(query, weighed, passage_count=total, condition=condition)


def test_rare_terms_are_essential_and_frequent_ones_come_in_pairs():
    found = chosen_of("zebra lion cat", {"zebra": 10, "lion": 2_000, "cat": 3_000})
    assert found == Candidates(
        "('zebra' | ('lion' & 'cat'))", "('zebra' | ('lion' & 'cat') | 'lion' | 'cat')"
    )


def test_frequent_terms_alone_have_to_meet_and_the_rarer_one_comes_further():
    found = chosen_of("lion cat", {"lion": 60_000, "cat": 70_000})
    assert found == Candidates("('lion' & 'cat')", "(('lion' & 'cat') | 'lion')")


def test_further_terms_come_as_far_as_the_cap_allows():
    counts = {"zebra": 1, "lion": 8_000, "cat": 9_000, "dog": 9_500}
    assert chosen_of("zebra lion cat dog", counts) == Candidates(
        "'zebra'", "('zebra' | 'lion' | 'cat')"
    )


def test_where_every_term_is_looked_up_there_is_nothing_further():
    assert chosen_of("zebra lion", {"zebra": 10, "lion": 20}) == Candidates("('zebra' | 'lion')")
    assert chosen_of("lion", {"lion": 90_000}) == Candidates("('lion')")


def test_a_phrase_bounds_the_candidates_and_a_negation_is_added():
    assert chosen_of('zebra "a b"', {}, condition="C") == Candidates("C")
    assert chosen_of("zebra -x", {}, condition="!C") == Candidates("'zebra' & !C")
    assert chosen_of("-x", {}, condition="!C") == Candidates(None)
    assert chosen_of("zebra lion -x", {"lion": 90_000}, condition="!C") == Candidates(
        "'zebra' & !C", "('zebra' | 'lion') & !C"
    )


async def make_deploys(resources, owner, *, passages=600):
    """Make a conversation whose every passage holds `deploy`: more than are looked at for a word beside a rarer one."""
    scope, _ = await make_crowd(owner, passages=passages)
    await owner.execute(
        "UPDATE passage SET tsv = tsv || 'deploy'::tsvector WHERE workspace_id = $1",
        scope.workspace_id,
    )
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    return scope


async def listed(resources, scope, q, *, within=None):
    request = SearchRequest(q=q, mode="lexical")
    ranking = await rank(
        make_searcher(resources), scope, request, query=parse(q), within=within or Constraints()
    )
    return [hit.id for hit in ranking.listed]


async def test_an_unknown_word_does_not_hide_a_common_one(resources, owner_connection):
    """`deploy quux` found nothing: only the passages of the rarest word were looked at, and there are none."""
    scope = await make_deploys(resources, owner_connection)
    assert len(await listed(resources, scope, "deploy")) >= 20
    assert len(await listed(resources, scope, "deploy quux")) >= 20
    assert len(await listed(resources, scope, "deploy quux -nothing")) >= 20
    found = await listed(resources, scope, "deploy quux")
    request = SearchRequest(q="deploy quux", mode="lexical")
    told = await why_not(make_searcher(resources), scope, request, target=found[0])
    assert (told.stage, told.rank) == ("found", 1)


async def test_a_rare_word_that_one_may_not_read_does_not_hide_a_common_one(
    resources, owner_connection
):
    scope = await make_deploys(resources, owner_connection)
    bob = await make_colleague(owner_connection, scope)
    closed = await make_conversation(owner_connection, bob)
    await make_message(
        resources, owner_connection, bob, conversation_id=closed, content="quux deploy"
    )
    found = await listed(resources, scope, "deploy quux")
    assert found == await listed(resources, scope, "deploy blarg")
    assert len(found) >= 20


async def test_a_rare_word_outside_the_filter_does_not_hide_a_common_one(
    resources, owner_connection
):
    scope = await make_deploys(resources, owner_connection)
    talk = await owner_connection.fetchval(
        "SELECT item_id FROM passage WHERE workspace_id = $1 LIMIT 1", scope.workspace_id
    )
    other = await make_conversation(owner_connection, scope)
    message_id = await make_message(
        resources, owner_connection, scope, conversation_id=other, content="quux deploy"
    )
    quux = await owner_connection.fetchval(
        "SELECT id FROM passage WHERE message_id = $1", message_id
    )
    within = Constraints((Option(items=frozenset([talk])),))
    found = await listed(resources, scope, "deploy quux", within=within)
    assert len(found) >= 20
    assert quux not in found
    assert (await listed(resources, scope, "deploy quux"))[0] == quux


async def test_common_words_that_never_meet_are_found_by_one_of_them(resources, owner_connection):
    scope, _ = await make_crowd(owner_connection, passages=1_200)
    await owner_connection.execute(
        "UPDATE passage SET tsv = CASE WHEN id < $2 THEN 'deploy' ELSE 'release' END::tsvector WHERE workspace_id = $1",
        scope.workspace_id,
        await owner_connection.fetchval(
            "SELECT id FROM passage WHERE workspace_id = $1 ORDER BY id OFFSET 600 LIMIT 1",
            scope.workspace_id,
        ),
    )
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        await refresh(conn, scope.workspace_id)
    assert len(await listed(resources, scope, "deploy release")) >= 20
