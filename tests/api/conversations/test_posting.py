import pytest

from api.conversations.posting import NewMessage, NewRun, branch, post, title_of
from core.errors import Forbidden, InvalidInput, NotFound
from core.ids import new_id
from tests.make import make_colleague


@pytest.fixture
async def conversation_id(owner_connection, ada):
    return await make_conversation(owner_connection, ada)


async def make_conversation(owner, scope):
    conversation_id = new_id()
    await owner.execute(
        "INSERT INTO item (workspace_id, id, kind, owner_id, title) VALUES ($1, $2, 'conversation', $3, '')",
        scope.workspace_id, conversation_id, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')",
        scope.workspace_id, conversation_id, scope.account_id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO conversation (workspace_id, id) VALUES ($1, $2)",
        scope.workspace_id,
        conversation_id,
    )
    return conversation_id


def said(content="Hello there", *, parent_id=None, attachments=()):
    return NewMessage(content, None, parent_id, attachments)


async def test_each_message_raises_index_seq_and_seq_together(resources, ada, conversation_id):
    posted = []
    for _ in range(3):
        async with resources.app.write_tx(ada) as conn:
            posted.append(await post(conn, ada, conversation_id, new=said(), run=None))
    assert [p.message.seq for p in posted] == [1, 2, 3]
    assert [p.index_seq for p in posted] == [1, 2, 3]


async def test_a_post_that_fails_late_leaves_no_trace(
    resources, owner_connection, ada, conversation_id
):
    with pytest.raises(InvalidInput):
        async with resources.app.write_tx(ada) as conn:
            await post(conn, ada, conversation_id, new=said(attachments=(new_id(),)), run=None)
    for table in ("message", "passage", "job"):
        assert await owner_connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await owner_connection.fetchval("SELECT last_seq FROM conversation") == 0


async def test_a_run_is_written_with_its_message_and_its_job(
    resources, owner_connection, ada, conversation_id
):
    async with resources.app.write_tx(ada) as conn:
        posted = await post(conn, ada, conversation_id, new=said(), run=NewRun("extractive", "{}"))
    run = await owner_connection.fetchrow(
        "SELECT id, prompt_message_id, account_id, request FROM run"
    )
    assert tuple(run) == (posted.run_id, posted.message.id, ada.account_id, "{}")
    subjects = await owner_connection.fetch("SELECT subject_id FROM job WHERE kind = 'reply'")
    assert [row["subject_id"] for row in subjects] == [posted.run_id]


async def test_what_may_not_be_written_to_is_forbidden_or_not_there(
    resources, owner_connection, ada, conversation_id
):
    bob = await make_colleague(owner_connection, ada)
    async with resources.app.write_tx(bob) as conn:
        with pytest.raises(NotFound):
            await post(conn, bob, conversation_id, new=said(), run=None)
    await owner_connection.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'reader')",
        bob.workspace_id, conversation_id, bob.account_id,
    )  # fmt: skip
    async with resources.app.write_tx(bob) as conn:
        with pytest.raises(Forbidden):
            await post(conn, bob, conversation_id, new=said(), run=None)


async def test_a_branch_of_a_first_message_has_no_parent_either(resources, ada, conversation_id):
    async with resources.app.write_tx(ada) as conn:
        first = await post(conn, ada, conversation_id, new=said(), run=None)
        other = await branch(conn, ada, beside=first.message, content="Other")
    assert (other.message.parent_id, other.message.seq, other.message.content) == (None, 2, "Other")


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Hello there", "Hello there"),
        ("\n  \n  Hello   there \nMore", "Hello there"),
        ("word " * 20, "word word word word word word word word word word word word…"),
        ("x" * 61, "x" * 60 + "…"),
        ("é" * 60, "é" * 60),
    ],
)
def test_a_title_is_the_beginning_of_the_first_line(content, title):
    assert title_of(content) == title
