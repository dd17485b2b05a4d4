import json

import pytest

from api.conversations.file import ConversationFile
from api.conversations.sources import checked_citations
from core.errors import InvalidInput
from core.ids import new_id
from tests.api.conversations.test_conversation_import import answered, cited, file_of, said
from tests.make import make_scope


async def make_text(owner, scope, content):
    """A file whose one version was read as two segments."""
    ws, file_id, version_id, build_id = scope.workspace_id, new_id(), new_id(), new_id()
    await owner.execute("INSERT INTO item (workspace_id, id, kind, owner_id, title, active_build_id) VALUES ($1, $2, 'file', $3, 'a.txt', $4)", ws, file_id, scope.account_id, build_id)  # fmt: skip
    await owner.execute("INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'owner')", ws, file_id, scope.account_id)  # fmt: skip
    await owner.execute("INSERT INTO file (workspace_id, id, state) VALUES ($1, $2, 'ready')", ws, file_id)  # fmt: skip
    await owner.execute("INSERT INTO blob (workspace_id, sha256, size_bytes, key) VALUES ($1, $2, 1, 'k')", ws, file_id.bytes)  # fmt: skip
    await owner.execute("INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name) VALUES ($1, $2, $3, 1, $4, 1, 'a.txt')", ws, version_id, file_id, file_id.bytes)  # fmt: skip
    await owner.execute("INSERT INTO build (workspace_id, id, file_id, version_id, pipeline_version, finished_at) VALUES ($1, $2, $3, $4, 1, now())", ws, build_id, file_id, version_id)  # fmt: skip
    half = len(content) // 2
    for n, (start, text) in enumerate([(0, content[:half]), (half, content[half:])]):
        await owner.execute("INSERT INTO text_segment (workspace_id, build_id, ordinal, span_start, content) VALUES ($1, $2, $3, $4, $5)", ws, build_id, n, start, text)  # fmt: skip
    return file_id


async def check(resources, scope, *citations):
    question = said("When?")
    file = ConversationFile.model_validate_json(
        json.dumps(file_of(question, answered(question, "So.", *citations)))
    )
    new_ids = {message.id: new_id() for message in file.messages}
    async with resources.app.read_tx(scope) as conn:
        found = await checked_citations(
            conn, scope, file, conversation_id=new_id(), new_ids=new_ids
        )
    return [row for rows in found.values() for row in rows]


async def test_a_quote_is_looked_for_in_the_version_that_it_names(resources, owner_connection, ada):
    file_id = await make_text(owner_connection, ada, "It begins in May, 🙂 not in June.")
    eve = await make_scope(owner_connection, "eve")
    quoted = [
        cited("in May, 🙂 not", 10, kind="file", file_id=str(file_id)),
        cited("in May", 11, kind="file", file_id=str(file_id)),
        cited("in May", 10, kind="file", file_id=str(file_id), version=2),
        cited("in May", 10, kind="file", file_id=str(file_id), version=None),
        cited("", 10, kind="file", file_id=str(file_id)),
    ]
    mine = await check(resources, ada, *quoted)
    assert [c.verdict for c in mine] == ["verbatim", *["unverified"] * 4]
    assert [c.item_id == file_id for c in mine] == [True, *[False] * 4]
    hers = await check(resources, eve, *quoted)
    assert {c.verdict for c in hers} == {"unverified"}


async def test_a_span_longer_than_its_quote_is_not_even_looked_up(resources, owner_connection, ada):
    file_id = await make_text(owner_connection, ada, "It begins in May.")
    vast = cited("in", 10, kind="file", file_id=str(file_id)) | {
        "source_span": {"start": 0, "end": 2**31 - 1}
    }
    assert [c.verdict for c in await check(resources, ada, vast)] == ["unverified"]


async def test_more_citations_than_can_be_looked_at_are_refused(resources, ada):
    question = said("When?")
    replies = [answered(question, "So.", *[cited("x", 0)] * 500) for _ in range(21)]
    file = ConversationFile.model_validate_json(json.dumps(file_of(question, *replies)))
    async with resources.app.read_tx(ada) as conn:
        with pytest.raises(InvalidInput):
            await checked_citations(conn, ada, file, conversation_id=new_id(), new_ids={})
