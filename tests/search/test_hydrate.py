import pytest

from core.ids import new_id
from search.dates import Span
from search.fuse import Listed
from search.hydrate import Sought, count_coverage, hydrate
from search.narrowing import NOTHING, Option, any_option
from search.query import parse
from search.snippet import View, wanted
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_file, make_message

VIEW = View(wanted(parse("two"), ["en"]), 30, "offsets")


@pytest.fixture
async def place(resources, owner_connection):
    scope = await make_scope(owner_connection)
    await make_file(
        resources,
        owner_connection,
        scope,
        name="a.txt",
        passages=["page one", "page two é👩‍👧 end"],
    )
    talk = await make_conversation(owner_connection, scope, "Talk")
    message_id = await make_message(
        resources, owner_connection, scope, conversation_id=talk, content="  message two "
    )
    rows = await owner_connection.fetch(
        "SELECT id FROM passage WHERE workspace_id = $1 ORDER BY message_id NULLS FIRST, ordinal",
        scope.workspace_id,
    )
    return scope, [Listed(row["id"], 1.0, ("lexical",)) for row in rows], message_id


async def shown(resources, scope, listed):
    async with resources.app.read_tx(scope) as conn:
        return await hydrate(conn, scope, listed, view=VIEW)


async def test_hits_come_in_the_order_of_the_list_with_their_exact_text(resources, place):
    scope, listed, message_id = place
    hits = await shown(resources, scope, list(reversed(listed)))
    assert [(h.type, h.title, h.text, h.location.start, h.location.pages) for h in hits] == [
        ("message", "Talk", "message two", 2, None),
        ("file", "a.txt", "page two é👩‍👧 end", 9, (2, 2)),
        ("file", "a.txt", "page one", 0, (1, 1)),
    ]
    assert (hits[0].message_id, hits[0].author, hits[1].version) == (message_id, "ada", 1)
    assert [h.start for h in hits[0].snippet.highlights] == [8]


async def test_a_hit_opens_at_the_words_that_it_shows_however_they_are_marked(resources, place):
    scope, listed, message_id = place
    page, message = (await shown(resources, scope, listed))[1:]
    assert page.links.open == f"/#/file/{page.file_id}?start=9&end={9 + len('page two é👩‍👧 end')}"
    assert message.links.open.endswith(f"?m={message_id}&start=2&end=13")
    marked = View(VIEW.wants, 2, "html")
    async with resources.app.read_tx(scope) as conn:
        page, message = (await hydrate(conn, scope, listed, view=marked))[1:]
    assert page.snippet.text == "page <mark>two</mark>"
    assert page.links.open.endswith("?start=9&end=17")


async def test_what_the_caller_may_not_see_is_left_out(resources, owner_connection, place):
    scope, listed, _ = place
    bob = await make_colleague(owner_connection, scope)
    assert await shown(resources, bob, listed) == []
    assert await shown(resources, await make_scope(owner_connection, "eve"), listed) == []


async def test_what_was_deleted_since_is_left_out(resources, owner_connection, place):
    scope, listed, message_id = place
    await owner_connection.execute(
        "UPDATE message SET deleted_at = now() WHERE id = $1", message_id
    )
    assert [hit.type for hit in await shown(resources, scope, listed)] == ["file", "file"]
    await owner_connection.execute("UPDATE item SET deleted_at = now() WHERE kind = 'file'")
    assert await shown(resources, scope, listed) == []
    assert await shown(resources, scope, []) == []


async def covered(resources, scope, *options, by_words_alone=False, asking=()):
    sought = Sought(any_option(options or [Option()]), by_words_alone, asking)
    async with resources.app.read_tx(scope) as conn:
        counts = await count_coverage(conn, scope, sought, recall="exact")
    return counts.pending, counts.no_text, counts.failed


async def test_equal_texts_name_where_else_they_stand_while_the_caller_may_see_it(
    resources, owner_connection, place
):
    scope, listed, message_id = place
    talk = await owner_connection.fetchval(
        "SELECT conversation_id FROM message WHERE id = $1", message_id
    )
    again = await make_message(
        resources, owner_connection, scope, conversation_id=talk, content="message two"
    )
    other = await make_conversation(owner_connection, scope, "Other")
    await make_message(
        resources, owner_connection, scope, conversation_id=other, content="message two"
    )
    rows = await owner_connection.fetch(
        "SELECT id, message_id FROM passage WHERE message_id IS NOT NULL AND workspace_id = $1"
        " ORDER BY created_at, id", scope.workspace_id,
    )  # fmt: skip
    first, *rest = [row["id"] for row in rows]
    entry = Listed(first, 1.0, ("lexical",), same=tuple(rest))

    async def told():
        return [
            (hit.message_id, hit.also_in, hit.also_here, hit.text)
            for hit in await shown(resources, scope, [entry, listed[0]])
        ]

    page = (None, (), (), "page one")
    assert await told() == [(message_id, (other,), (again,), "message two"), page]
    gone = "UPDATE message SET deleted_at = now() WHERE id = $1"
    await owner_connection.execute(gone, message_id)
    assert await told() == [(again, (other,), (), "message two"), page]
    await owner_connection.execute("UPDATE item SET deleted_at = now() WHERE id = $1", other)
    assert await told() == [(again, (), (), "message two"), page]
    await owner_connection.execute(gone, again)
    assert await told() == [page]


async def test_coverage_counts_what_the_caller_may_see(resources, owner_connection, place):
    scope, _, _ = place
    await owner_connection.execute("UPDATE file SET state = 'queued'")
    assert await covered(resources, scope) == (1, 0, 0)
    bob = await make_colleague(owner_connection, scope)
    assert await covered(resources, bob) == (0, 0, 0)


async def test_coverage_counts_the_files_that_the_filters_leave(resources, owner_connection, place):
    scope, _, _ = place
    other = await make_file(resources, owner_connection, scope, name="b.txt", passages=["three"])
    await owner_connection.execute(
        "UPDATE file SET state = CASE WHEN id = $1 THEN 'failed' ELSE 'no_text' END", other
    )
    created_at = await owner_connection.fetchval("SELECT created_at FROM item WHERE id = $1", other)
    one = Option(items=frozenset((other,)))
    mine, hers = frozenset((scope.account_id,)), frozenset((new_id(),))
    past = (Span(None, created_at),)
    assert await covered(resources, scope) == (0, 1, 1)
    assert await covered(resources, scope, one) == (0, 0, 1)
    assert await covered(resources, scope, Option(not_items=frozenset((other,)))) == (0, 1, 0)
    assert await covered(resources, scope, Option(kinds=frozenset(("message",)))) == (0, 0, 0)
    assert await covered(resources, scope, Option(authors=mine, langs=frozenset(("de",)))) == (
        0,
        1,
        1,
    )
    assert await covered(resources, scope, Option(authors=hers), one) == (0, 0, 1)
    assert await covered(resources, scope, Option(not_authors=mine)) == (0, 0, 0)
    assert await covered(resources, scope, Option(times=past, items=one.items)) == (0, 0, 0)
    assert await covered(resources, scope, Option(traits=frozenset(("pinned",)))) == (0, 0, 0)
    assert await covered(resources, scope, NOTHING) == (0, 0, 0)


async def test_coverage_counts_the_messages_that_wait_for_their_vectors(
    resources, owner_connection, place
):
    scope, _, message_id = place
    await owner_connection.execute(
        "INSERT INTO job (workspace_id, id, kind, subject_id, content_hash, pipeline_version, account_id, fair_key,"
        " schedule_to_close_at) VALUES ($1, $2, 'embed_message', $3, '', 1, $4, 0, now())",
        *(scope.workspace_id, new_id(), message_id, scope.account_id),
    )
    assert await covered(resources, scope) == (1, 0, 0)
    assert await covered(resources, scope, by_words_alone=True) == (0, 0, 0)
    assert await covered(resources, scope, asking=[message_id]) == (0, 0, 0)
    assert await covered(resources, scope, Option(kinds=frozenset(("file",)))) == (0, 0, 0)
    assert await covered(resources, scope, Option(traits=frozenset(("link",)))) == (0, 0, 0)
    assert await covered(resources, await make_colleague(owner_connection, scope)) == (0, 0, 0)
    await owner_connection.execute("UPDATE job SET state = 'done'")
    assert await covered(resources, scope) == (0, 0, 0)
