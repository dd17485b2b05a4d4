import pytest

from core.errors import LeaseLost
from core.ids import new_id
from ingest.messages import embed_messages
from ingest.vectors import Asking
from search.embed import FakeEmbedder, RefusedText
from sql.fence import Fence
from tests.workers.made import make_conversation, make_message
from workers.ledger import claim


class Embedder(FakeEmbedder):
    """Remembers what it was asked; refuses texts with an x."""

    def __init__(self):
        self.asked: list[list[str]] = []

    async def embed_documents(self, texts):
        self.asked.append(list(texts))
        if any("x" in text for text in texts):
            raise RefusedText("no")
        return await super().embed_documents(texts)


@pytest.fixture
async def post(resources, owner_connection, scope):
    """A function that posts messages and takes their jobs."""
    talk = await make_conversation(owner_connection, scope)

    async def post(*contents: str):
        ids = [
            await make_message(owner_connection, resources, scope, text, conversation_id=talk)
            for text in contents
        ]
        claimed = await claim(resources.worker, "embed_message", most=64)
        assert claimed is not None
        return ids, Fence(resources.worker, scope.workspace_id, claimed.job_ids, claimed.token)

    return post


async def embedded(owner) -> list[str]:
    rows = await owner.fetch(
        "SELECT m.content FROM embedding e JOIN passage p ON p.id = e.passage_id"
        " JOIN message m ON m.id = p.message_id ORDER BY m.seq"
    )
    return [row["content"] for row in rows]


async def job_states(owner) -> list[str]:
    return [row["state"] for row in await owner.fetch("SELECT state FROM job ORDER BY id")]


async def test_many_messages_cost_one_question_and_their_jobs_end(post, owner_connection):
    ids, fence = await post("The tide.", "At dawn.", "The tide.")
    embedder = Embedder()
    await embed_messages(Asking(embedder), fence, message_ids=ids)
    assert embedder.asked == [["The tide.", "At dawn."]]
    assert await embedded(owner_connection) == ["The tide.", "At dawn.", "The tide."]
    assert await job_states(owner_connection) == ["done"] * 3


async def test_what_has_a_vector_is_not_asked_for_again(post, owner_connection):
    ids, fence = await post("The tide.")
    await embed_messages(Asking(Embedder()), fence, message_ids=ids)
    more, fence = await post("The tide.", "At dawn.")
    embedder = Embedder()
    await embed_messages(Asking(embedder), fence, message_ids=[*ids, *more])
    assert embedder.asked == [["At dawn."]]
    assert await embedded(owner_connection) == ["The tide.", "The tide.", "At dawn."]


async def test_a_refused_text_keeps_its_words_only(post, owner_connection):
    ids, fence = await post("x", "At dawn.")
    await embed_messages(Asking(Embedder()), fence, message_ids=ids)
    assert await embedded(owner_connection) == ["At dawn."]
    assert await job_states(owner_connection) == ["done", "done"]


async def test_a_deleted_message_ends_its_job_without_a_question(post, owner_connection):
    ids, fence = await post("The tide.")
    await owner_connection.execute("UPDATE message SET deleted_at = now()")
    embedder = Embedder()
    await embed_messages(Asking(embedder), fence, message_ids=ids)
    assert await embedded(owner_connection) == []
    assert [asked for asked in embedder.asked if asked] == []
    assert await job_states(owner_connection) == ["done"]


async def test_who_lost_the_lease_while_the_model_worked_stores_nothing(post, owner_connection):
    ids, fence = await post("The tide.")

    class Slow(Embedder):
        async def embed_documents(self, texts):
            await owner_connection.execute("UPDATE job SET lease_token = $1", new_id())
            return await super().embed_documents(texts)

    with pytest.raises(LeaseLost):
        await embed_messages(Asking(Slow()), fence, message_ids=ids)
    assert await embedded(owner_connection) == []
