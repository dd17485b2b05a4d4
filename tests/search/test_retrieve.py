"""The whole search on real rows: what is found, by whom, in which order, and how it degrades."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InvalidInput
from search.answer import SearchRequest
from search.retrieve import retrieve
from tests.make import make_colleague, make_scope
from tests.search.archive import grant
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher

PENSION = "The pension plan pays a widow sixty percent of the retired employee's last salary."
GARDEN = "Tomatoes like warm soil and regular watering in the garden."
SERVER = "Restart the database server with systemctl after changing shared_buffers."


@pytest.fixture
async def library(resources, owner_connection):
    """Ada's workspace: one file of three pages, one conversation with a message; all embedded."""
    scope = await make_scope(owner_connection)
    file_id = await make_file(
        resources, owner_connection, scope, name="handbook.pdf", passages=[PENSION, GARDEN, SERVER]
    )
    talk = await make_conversation(owner_connection, scope, "Kitchen talk")
    message_id = await make_message(
        resources,
        owner_connection,
        scope,
        conversation_id=talk,
        content="Who watered the tomatoes?",
    )
    await embed_all(resources, owner_connection, scope)
    return scope, file_id, message_id


async def ask(resources, scope, q, **given):
    return await retrieve(make_searcher(resources), scope, SearchRequest(q=q, **given))


async def test_messages_and_files_come_in_one_list(resources, library):
    scope, file_id, message_id = library
    answer = await ask(resources, scope, "watering tomatoes")
    assert [(hit.type, hit.file_id, hit.message_id) for hit in answer.hits[:2]] == [
        ("file", file_id, None),
        ("message", None, message_id),
    ]
    assert answer.degraded == ()
    assert answer.hits[0].text == GARDEN
    assert answer.hits[0].location.pages == (2, 2)
    assert "lexical" in answer.hits[0].match
    assert "semantic" in answer.hits[0].match


async def test_an_emoji_lists_what_holds_it_and_a_mark_is_no_word(
    resources, owner_connection, library
):
    """A symbol that the index did not hold was no condition: a list by date showed everything."""
    scope, _, _ = library
    talk = await make_conversation(owner_connection, scope)
    starred, _ = [
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content
        )
        for content in ("Five of five ⭐ © 2026", "None of five")
    ]
    by_date = await ask(resources, scope, "⭐", sort="newest", facets=("type",))
    assert [hit.message_id for hit in by_date.hits] == [starred]
    assert [(value.value, value.count) for value in by_date.facets["type"].values] == [
        ("message", 1)
    ]
    assert (await ask(resources, scope, '"five 2026"', mode="lexical")).hits == ()
    found = await ask(resources, scope, '"⭐ 2026"', mode="lexical")
    assert [hit.message_id for hit in found.hits] == [starred]
    with pytest.raises(InvalidInput, match="no word"):
        await ask(resources, scope, "©", sort="newest")


@pytest.mark.parametrize("mode", ["lexical", "semantic", "hybrid"])
async def test_every_mode_finds_the_passage(resources, library, mode):
    scope, file_id, _ = library
    answer = await ask(resources, scope, "pension of a widow", mode=mode)
    assert answer.hits[0].text == PENSION
    assert answer.hits[0].file_id == file_id


async def test_each_sees_only_what_is_theirs_or_shared_with_them(
    resources, owner_connection, library
):
    scope, file_id, _ = library
    bob = await make_colleague(owner_connection, scope)
    assert (await ask(resources, bob, "pension tomatoes")).hits == ()
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        scope.workspace_id, file_id, bob.account_id,
    )  # fmt: skip
    assert {hit.file_id for hit in (await ask(resources, bob, "pension tomatoes")).hits} == {
        file_id
    }


@pytest.mark.parametrize(
    ("q", "texts"),
    [
        ('"warm soil"', [GARDEN]), ('"soil warm"', []), ("tomat* -warm", ["Who watered the tomatoes?"]), ("restart OR widow -plan", [SERVER]),
        ("tomatoes type:message", ["Who watered the tomatoes?"]), ("tomatoes ext:pdf", [GARDEN]), ("shared_buffers", [SERVER]),
        ("tomatoes before:2000", []), ("tomatoes from:nobody", []),
    ],
)  # fmt: skip
async def test_operators_only_narrow(resources, library, q, texts):
    answer = await ask(resources, library[0], q, mode="lexical")
    assert [hit.text for hit in answer.hits] == texts


async def test_a_title_is_found_by_its_name(resources, library):
    answer = await ask(resources, library[0], "kitchen")
    assert [(hit.title, hit.match) for hit in answer.hits] == [("Kitchen talk", ("name",))]


async def test_the_very_name_is_found_among_many_that_begin_like_it(
    resources, owner_connection, library
):
    for n in [*range(60, 72), 6]:
        await make_file(
            resources, owner_connection, library[0], name=f"plan{n}.txt", passages=[SERVER + str(n)]
        )
    answer = await ask(resources, library[0], "plan6", mode="lexical", limit=20)
    assert "plan6.txt" in [hit.title for hit in answer.hits]


async def test_what_a_document_says_of_itself_is_found_like_its_name(
    resources, owner_connection, library
):
    await owner_connection.execute(
        "UPDATE item SET about = 'Benefits at Harrow Quay Marguerite Vasseur' WHERE id = $1",
        library[1],
    )
    answer = await ask(resources, library[0], "vasseur harrow", group_by="file")
    assert [(hit.title, hit.match) for hit in answer.hits] == [("handbook.pdf", ("name",))]


async def test_a_message_is_found_by_its_words_before_it_has_a_vector(
    resources, owner_connection, library
):
    scope, *_ = library
    talk = await make_conversation(owner_connection, scope)
    await make_message(
        resources,
        owner_connection,
        scope,
        conversation_id=talk,
        content="Blühende Rhabarberstauden",
    )
    answer = await ask(resources, scope, "Rhabarberstauden")
    assert answer.hits[0].text == "Blühende Rhabarberstauden"


async def test_filters_alone_list_the_newest_first(resources, library):
    answer = await ask(resources, library[0], "", type="file")
    assert [hit.text for hit in answer.hits] == [PENSION]
    assert [
        hit.type for hit in (await ask(resources, library[0], "-pension type:message")).hits
    ] == ["message"]


async def test_filters_of_passages_alone_list_those_and_not_openings(resources, library):
    answer = await ask(resources, library[0], "page:2-3", sort="oldest")
    assert {hit.text for hit in answer.hits} == {GARDEN, SERVER}


async def test_lists_by_date_hold_every_word(resources, library):
    newest = await ask(resources, library[0], "tomatoes", sort="newest")
    oldest = await ask(resources, library[0], "tomatoes", sort="oldest")
    assert [hit.id for hit in newest.hits] == [hit.id for hit in reversed(oldest.hits)]
    assert (await ask(resources, library[0], "tomatoes pension", sort="newest")).hits == ()


@pytest.mark.parametrize("q", ["", "?!...", "-only", '""'])
async def test_a_query_without_anything_to_find_is_refused(resources, library, q):
    with pytest.raises(InvalidInput):
        await ask(resources, library[0], q)


async def test_plain_syntax_takes_everything_as_words(resources, library):
    answer = await ask(resources, library[0], '-soil "from:x', syntax="plain")
    assert answer.hits[0].text == GARDEN


@pytest.mark.parametrize("redis", ["kept", "lost", "absent"])
async def test_pages_go_on_through_one_list(resources, library, redis):
    scope, *_ = library
    searcher = make_searcher(resources, **({"redis": None} if redis == "absent" else {}))
    whole = await retrieve(searcher, scope, SearchRequest(q="tomatoes water", limit=10))
    first = await retrieve(searcher, scope, SearchRequest(q="tomatoes water", limit=1))
    if redis == "lost":
        await resources.redis.flushdb()
    second = await retrieve(
        searcher, scope, SearchRequest(q="tomatoes water", limit=1, cursor=first.page.next_cursor)
    )
    assert [hit.id for hit in first.hits + second.hits] == [hit.id for hit in whole.hits[:2]]
    assert (first.page.has_more, whole.page.next_cursor) == (True, None)
    assert second.coverage == first.coverage


async def test_a_row_deleted_between_pages_does_not_shorten_the_next(
    resources, owner_connection, library
):
    scope, _, message_id = library
    first = await ask(resources, scope, "tomatoes OR widow OR database", limit=1, mode="lexical")
    await owner_connection.execute(
        "UPDATE message SET deleted_at = now() WHERE id = $1", message_id
    )
    rest = await ask(
        resources,
        scope,
        "tomatoes OR widow OR database",
        limit=2,
        mode="lexical",
        cursor=first.page.next_cursor,
    )
    assert len(rest.hits) == 2
    assert all(hit.type == "file" for hit in rest.hits)


async def test_a_duplicate_that_is_withdrawn_between_pages_is_no_longer_named_on_them(
    resources, owner_connection, library
):
    scope, file_id, _ = library
    bob = await make_colleague(owner_connection, scope)
    copies = [
        await make_file(resources, owner_connection, scope, name=name, passages=[GARDEN])
        for name in ("copy.txt", "kept.txt")
    ]
    for item in (file_id, *copies):
        await grant(owner_connection, scope, item, principal=bob.account_id)
    asked = {"mode": "lexical", "type": "file", "limit": 1}
    first = await ask(resources, bob, "widow pension retired tomatoes", **asked)
    assert [hit.text for hit in first.hits] == [PENSION]
    seen = set(copies)
    for withdrawn in (file_id, copies[0]):
        await owner_connection.execute(
            "DELETE FROM access_grant WHERE item_id = $1 AND principal_id = $2", withdrawn, bob.account_id
        )  # fmt: skip
        seen -= {withdrawn}
        after = {"cursor": first.page.next_cursor, **asked}
        [hit] = (await ask(resources, bob, "widow pension retired tomatoes", **after)).hits
        assert (hit.text, {hit.item_id, *hit.also_in}) == (GARDEN, seen)


async def test_the_total_is_of_what_holds_the_words_and_not_of_the_list(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    for n in range(70):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=f"pension {n}"
        )
    await embed_all(resources, owner_connection, scope)
    totals = {}
    for given in ({"mode": "lexical"}, {"mode": "semantic"}, {"group_by": "conversation"}):
        page = (await ask(resources, scope, "pension", **given)).page
        totals[next(iter(given.values()))] = page.estimated_total
    assert totals == {"lexical": 70, "semantic": 60, "conversation": 1}
    eve = await make_colleague(owner_connection, scope, "eve")
    assert (await ask(resources, eve, "pension")).page.estimated_total == 0


async def test_equal_texts_are_one_hit_and_files_may_be_grouped(
    resources, owner_connection, library
):
    scope, file_id, _ = library
    copy_id = await make_file(
        resources, owner_connection, scope, name="copy.txt", passages=[GARDEN]
    )
    answer = await ask(resources, scope, "watering tomatoes", mode="lexical", type="file")
    assert [(hit.text, {hit.item_id, *hit.also_in}) for hit in answer.hits] == [
        (GARDEN, {file_id, copy_id})
    ]
    grouped = await ask(
        resources, scope, "pension tomatoes database", group_by="file", type="file", mode="lexical"
    )
    assert len(grouped.hits) == 1 or {hit.item_id for hit in grouped.hits} == {file_id, copy_id}


async def test_a_group_shows_as_many_hits_as_are_asked_for(resources, library):
    asked = {"group_by": "file", "type": "file", "mode": "lexical"}
    for limit in (1, 2):
        answer = await ask(
            resources, library[0], "widow OR soil OR database", group_limit=limit, **asked
        )
        assert len(answer.hits) == limit


async def test_recency_brings_the_newer_of_two_alike_forward_when_asked(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    now = datetime.now(UTC)
    for days, content in ((400, "Pension pension plan."), (0, "A plan about the pension of all.")):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=content, at=now - timedelta(days=days)
        )  # fmt: skip
    ages = {}
    for recency in (0.0, 5.0):
        answer = await ask(resources, scope, "pension plan", mode="lexical", recency=recency)
        ages[recency] = [(now - hit.created_at).days for hit in answer.hits]
    assert ages == {0.0: [400, 0], 5.0: [0, 400]}
