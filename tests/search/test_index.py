from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from core.ids import new_id
from search.index import (
    PART_CHARACTERS,
    Build,
    MessageText,
    PassageText,
    index_message,
    index_passages,
    index_seq_raised,
    items_shown,
    remove_message,
    remove_passages,
    store_embeddings,
)
from tests.make import make_scope
from tests.search.make import make_conversation, make_file, make_message


async def rows(owner, scope):
    return await owner.fetch(
        "SELECT * FROM passage WHERE workspace_id = $1 ORDER BY ordinal", scope.workspace_id
    )


async def weight(owner, scope):
    row = await owner.fetchrow(
        "SELECT passage_count, lexeme_total FROM corpus_stat WHERE workspace_id = $1",
        scope.workspace_id,
    )
    return tuple(row)


def text_of(scope, conversation_id, content):
    return MessageText(
        scope.workspace_id, conversation_id, new_id(), scope.account_id, datetime.now(UTC), content
    )


async def test_a_message_becomes_a_passage_that_knows_its_place(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    message = text_of(scope, talk, "  The cat sat. ")
    async with resources.app.write_tx(scope) as conn:
        assert await index_message(conn, message) == 1
    (row,) = await rows(owner_connection, scope)
    assert (row["item_id"], row["message_id"], row["author_id"]) == (
        talk,
        message.message_id,
        scope.account_id,
    )
    assert (row["span_start"], row["span_end"], row["tsv"]) == (2, 14, "'cat':2 'sat':3 'the':1")
    assert await weight(owner_connection, scope) == (1, 3)


async def test_an_edit_replaces_and_a_deletion_removes(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    message = text_of(scope, talk, "first words here")
    async with resources.app.write_tx(scope) as conn:
        await index_message(conn, message)
        edited = replace(message, content="second")
        assert await index_message(conn, edited) == 2
    assert [row["tsv"] for row in await rows(owner_connection, scope)] == ["'second':1"]
    async with resources.app.write_tx(scope) as conn:
        assert await remove_message(conn, scope.workspace_id, message_id=message.message_id) == 3
    assert await rows(owner_connection, scope) == []
    assert await weight(owner_connection, scope) == (0, 0)


async def test_a_long_message_is_cut_where_it_breathes(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    content = ("word " * 150 + "\n\n") + "x" * 3 * PART_CHARACTERS + " " + "End. " * 200
    await make_message(resources, owner_connection, scope, conversation_id=talk, content=content)
    parts = [
        content[row["span_start"] : row["span_end"]] for row in await rows(owner_connection, scope)
    ]
    assert parts[0] == ("word " * 150).strip()
    assert "".join("".join(parts).split()) == "".join(content.split())
    assert all(len(part) <= PART_CHARACTERS * 1.2 for part in parts)


async def test_passages_of_a_build_come_and_go_with_their_vectors(resources, owner_connection):
    scope = await make_scope(owner_connection)
    file_id = await make_file(
        resources, owner_connection, scope, name="a.txt", passages=["one two"]
    )
    build_id = await owner_connection.fetchval("SELECT id FROM build WHERE file_id = $1", file_id)
    build = Build(scope.workspace_id, file_id, build_id)
    generation_id = new_id()
    await owner_connection.execute(
        "INSERT INTO generation (workspace_id, id, model, state) VALUES ($1, $2, 'm', 'active')",
        scope.workspace_id, generation_id,
    )  # fmt: skip
    vector = np.full(384, 384**-0.5, np.float32)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        more = PassageText(1, 8, 13, 2, 3, ("Top", "Part"), "three")
        (passage_id,) = await index_passages(conn, build, [more])
        seq = await store_embeddings(
            conn, scope.workspace_id, generation_id=generation_id,
            passage_ids=[passage_id, new_id()], vectors=np.stack([vector, vector]),
        )  # fmt: skip
        assert seq == 3
    (_, row) = await rows(owner_connection, scope)
    assert (row["id"], row["headings"], row["page_last"]) == (passage_id, ["Top", "Part"], 3)
    assert row["tsv"] == "'part':2,6 'three':9 'top':1,5"
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 1
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        assert await remove_passages(conn, build) == 4
    assert await owner_connection.fetchval("SELECT count(*) FROM embedding") == 0
    assert await weight(owner_connection, scope) == (0, 0)


async def test_a_change_without_passages_raises_the_sequence(resources, owner_connection):
    scope = await make_scope(owner_connection)
    async with resources.app.write_tx(scope) as conn:
        assert await index_seq_raised(conn, scope.workspace_id) == 1


async def news(owner, scope):
    found = await owner.fetch(
        "SELECT item_id, passage_ids FROM search_news WHERE workspace_id = $1 ORDER BY id",
        scope.workspace_id,
    )
    return [tuple(row) for row in found]


async def test_what_can_be_found_from_now_on_is_news_where_a_search_is_saved(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)

    async def say() -> None:
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content="The cat sat."
        )

    await say()
    assert await news(owner_connection, scope) == []
    await owner_connection.execute(
        "INSERT INTO saved_search (workspace_id, id, account_id, name, q, tz) VALUES ($1, $2, $3, 'cats', 'cat', 'UTC')",
        scope.workspace_id, new_id(), scope.account_id,
    )  # fmt: skip
    await say()
    ids = [row["id"] for row in await rows(owner_connection, scope)]
    async with resources.app.write_tx(scope) as conn:
        await index_seq_raised(conn, scope.workspace_id)
        await index_seq_raised(conn, scope.workspace_id, shown=talk)
    (first, shown) = await news(owner_connection, scope)
    assert (first[0], [id_ in ids for id_ in first[1]], shown) == (talk, [True], (talk, None))


async def test_many_items_that_are_shown_at_once_are_one_change(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talks = [await make_conversation(owner_connection, scope) for _ in range(3)]
    async with resources.app.write_tx(scope) as conn:
        before = await items_shown(conn, scope.workspace_id, talks)
    assert await news(owner_connection, scope) == []
    await owner_connection.execute(
        "INSERT INTO saved_search (workspace_id, id, account_id, name, q, tz) VALUES ($1, $2, $3, 'cats', 'cat', 'UTC')",
        scope.workspace_id, new_id(), scope.account_id,
    )  # fmt: skip
    async with resources.app.write_tx(scope) as conn:
        assert await items_shown(conn, scope.workspace_id, talks) == before + 1
    assert {item_id for item_id, _ in await news(owner_connection, scope)} == set(talks)
