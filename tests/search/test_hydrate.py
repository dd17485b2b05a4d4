import pytest

from search.fuse import Listed
from search.hydrate import count_coverage, hydrate
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


async def test_coverage_counts_what_the_caller_may_see(resources, owner_connection, place):
    scope, _, _ = place
    await owner_connection.execute("UPDATE file SET state = 'queued'")
    async with resources.app.read_tx(scope) as conn:
        mine = await count_coverage(conn, scope, recall="exact")
    bob = await make_colleague(owner_connection, scope)
    async with resources.app.read_tx(bob) as conn:
        other = await count_coverage(conn, bob, recall="exact")
    assert ((mine.pending, mine.failed), other.pending) == ((1, 0), 0)
