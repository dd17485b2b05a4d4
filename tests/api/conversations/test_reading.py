import json

import pytest

import api.conversations.conversations  # noqa: F401  # pyright: ignore[reportUnusedImport]  (declares its queries)
from api.conversations.posting import post
from api.conversations.reading import (
    MessageAnswer,
    Stretch,
    find_message,
    find_messages,
    ids_after,
    ids_before,
)
from core.errors import NotFound
from core.ids import new_id
from sql import REGISTRY
from tests.api.conversations.test_posting import make_conversation, said
from tests.make import make_scope


@pytest.fixture
async def conversation_id(resources, owner_connection, ada):
    conversation_id = await make_conversation(owner_connection, ada)
    async with resources.app.write_tx(ada) as conn:
        for n in range(5):
            await post(conn, ada, conversation_id, new=said(f"Message {n}"), run=None)
    return conversation_id


@pytest.fixture
def stretch(conversation_id):
    return Stretch(conversation_id)


async def seqs(conn, ada, ids):
    return {message.id: message.seq for message in await find_messages(conn, ada, ids)}


async def test_a_stretch_is_read_on_either_side_of_a_seq(resources, ada, stretch):
    async with resources.app.read_tx(ada) as conn:
        after = await ids_after(conn, ada, stretch, seq=2, limit=2)
        before = await ids_before(conn, ada, stretch, seq=4, limit=2)
        seq = await seqs(conn, ada, [*after, *before])
    assert [seq[message_id] for message_id in after] == [3, 4]
    assert [seq[message_id] for message_id in before] == [3, 2]


async def test_a_branch_is_read_from_the_root_and_past_none_of_the_others(resources, ada, stretch):
    async with resources.app.write_tx(ada) as conn:
        first, second, third, *_ = await ids_after(conn, ada, stretch, seq=0, limit=9)
        other = (
            await post(conn, ada, stretch.conversation_id, new=said(parent_id=second), run=None)
        ).message
        last = (await post(conn, ada, stretch.conversation_id, new=said(), run=None)).message
        way = Stretch(stretch.conversation_id, other.branch_id)
        assert last.parent_id == other.id
        assert await ids_after(conn, ada, way, seq=0, limit=9) == [first, second, other.id, last.id]
        assert await ids_after(conn, ada, way, seq=1, limit=2) == [second, other.id]
        assert await ids_before(conn, ada, way, seq=other.seq, limit=9) == [second, first]
        (other,) = await find_messages(conn, ada, [other.id])
    assert (other.siblings, other.sibling_index) == (2, 2)
    assert (other.previous_sibling_id, other.next_sibling_id) == (third, None)


async def test_a_message_is_found_in_its_own_conversation_only(
    resources, ada, conversation_id, stretch
):
    async with resources.app.read_tx(ada) as conn:
        (first_id,) = await ids_after(conn, ada, stretch, seq=0, limit=1)
        first = await find_message(conn, ada, first_id, within=conversation_id)
        assert await find_messages(conn, ada, [first_id]) == [first]
        for message_id, within in ((first.id, new_id()), (new_id(), None)):
            with pytest.raises(NotFound):
                await find_message(conn, ada, message_id, within=within)


async def test_a_stranger_reads_nothing(resources, owner_connection, ada, stretch):
    eve = await make_scope(owner_connection, "eve")
    async with resources.app.read_tx(ada) as conn:
        ids = await ids_after(conn, ada, stretch, seq=0, limit=9)
    async with resources.app.read_tx(eve) as conn:
        assert await find_messages(conn, eve, ids) == []
        assert await ids_after(conn, eve, stretch, seq=0, limit=9) == []


async def test_the_answer_has_the_fields_of_the_message(resources, ada, stretch):
    async with resources.app.read_tx(ada) as conn:
        (first,) = await find_messages(
            conn, ada, await ids_after(conn, ada, stretch, seq=0, limit=1)
        )
    assert MessageAnswer.model_validate(first).content == "Message 0"
    assert first.etag == '"1"'


def scanned(plan):
    """How many rows of messages a plan has looked at, found or not."""
    own = 0
    if plan.get("Relation Name") == "message":
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return own + sum(scanned(part) for part in plan.get("Plans", ()))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("tree.sql:list_before", 60),
        ("tree.sql:list_after", 60),
        ("tree.sql:list_path_before", 60),
        ("tree.sql:list_path_after", 60),
        ("tree.sql:find_branch_through", 10),
        ("message.sql:find_messages", 220),
        ("message.sql:find_place", 10),
        ("conversation.sql:find_conversation", 110),  # unread ones are counted to 99
    ],
)
async def test_a_page_of_a_long_conversation_looks_at_few_of_its_messages(
    resources, owner_connection, ada, name, most
):
    """As the API's role: row-level security keeps an index from serving what might leak (each page read all messages)."""
    conversation_id = await make_conversation(owner_connection, ada)
    ids = [new_id() for _ in range(3_000)]
    await owner_connection.execute(
        "INSERT INTO message (workspace_id, id, conversation_id, parent_id, branch_id, seq, role, author_id, content)"
        " SELECT $1, i.id, $2, lag(i.id) OVER (ORDER BY n), $3, n, 'user', $4, 'x' FROM unnest($5::uuid[]) WITH ORDINALITY AS i (id, n)",
        ada.workspace_id, conversation_id, ids[0], ada.account_id, ids,
    )  # fmt: skip
    given = {
        **ada.ids, "conversation_id": conversation_id, "id": conversation_id, "branch_id": ids[0], "message_id": ids[1500],
        "ids": ids[1500:1550], "before_seq": 1500, "after_seq": 1500, "limit": 51, "parent_id": ids[1500], "client_id": "none",
        "most_unread": 99,
    }  # fmt: skip
    await owner_connection.execute("ANALYZE message, conversation, item, access_grant, membership")
    query = REGISTRY[name]
    async with resources.app.read_tx(ada) as conn:
        for method in ("seqscan", "bitmapscan", "sort"):  # the row counts of a test are small
            await conn.raw.execute(f"SET LOCAL enable_{method} = off")
        explained = await conn.raw.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {query.text}", *(given[p] for p in query.parameters)
        )
    assert scanned(json.loads(explained)[0]["Plan"]) <= most
