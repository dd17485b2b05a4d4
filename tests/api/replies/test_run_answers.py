import json

import pytest

from api.replies.run_answers import citations_of, event_frame
from core.events import Event
from llm.openai import OpenAIChat
from tests.llm.replying import FACT, make_run, work
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope


@pytest.fixture
async def cited(resources, owner_connection):
    """A run whose reply cites one message."""
    run = await make_run(owner_connection, resources, await make_scope(owner_connection))
    async with vendor_server(Reply(words=(FACT, " [1]"))) as vendor:
        model = OpenAIChat("fake", api_key="none", base_url=f"{vendor.base_url}/v1")
        await work(resources, run, model)
        await model.aclose()
    return run


async def citation_of(resources, run):
    async with resources.app.read_tx(run.scope) as conn:
        [citation] = (await citations_of(conn, run.scope, run_ids=[run.id]))[run.id]
        return citation


@pytest.mark.parametrize(
    ("statement", "status", "is_hidden"),
    [
        ("SELECT 1", "current", False),
        (
            "UPDATE message SET edited_at = now() WHERE content LIKE 'The spare key%' AND role = 'user'",
            "superseded",
            False,
        ),
        (
            "UPDATE message SET deleted_at = now() WHERE content LIKE 'The spare key%' AND role = 'user'",
            "deleted",
            True,
        ),
        (
            "UPDATE item SET deleted_at = now() WHERE id = (SELECT item_id FROM citation)",
            "deleted",
            True,
        ),
        (
            "DELETE FROM access_grant WHERE item_id = (SELECT item_id FROM citation)",
            "no_access",
            True,
        ),
        ("DELETE FROM item WHERE id = (SELECT item_id FROM citation)", "deleted", True),
    ],
)
async def test_a_citation_tells_what_became_of_its_source(
    resources, owner_connection, cited, statement, status, is_hidden
):
    await owner_connection.execute(statement)
    citation = await citation_of(resources, cited)
    assert citation.status == status
    assert (citation.quote == "") is is_hidden
    assert (citation.open is None) is is_hidden


async def test_an_event_of_a_citation_is_filled_in_or_removed(resources, owner_connection, cited):
    row = await owner_connection.fetchrow(
        "SELECT seq, kind, data FROM run_event WHERE kind = 'citation'"
    )
    event = Event(row["seq"], row["kind"], row["data"])
    citation = await citation_of(resources, cited)

    async def frame():
        async with resources.app.read_tx(cited.scope) as conn:
            return await event_frame(conn, cited.scope, run_id=cited.id, event=event)

    shown = await frame()
    assert (shown.event, shown.data, shown.id) == (
        "citation",
        citation.model_dump_json(),
        event.seq,
    )
    await owner_connection.execute(
        "UPDATE item SET deleted_at = now() WHERE id = (SELECT item_id FROM citation)"
    )
    gone = await frame()
    assert (gone.event, gone.data, gone.id) == ("citation.removed", event.data, event.seq)


async def test_what_was_not_searched_is_told_to_who_asked(resources, owner_connection, cited):
    row = await owner_connection.fetchrow(
        "SELECT seq, kind, data FROM run_event WHERE run_id = $1 AND kind = 'retrieval.done'", cited.id
    )  # fmt: skip
    event = Event(row["seq"], row["kind"], row["data"])
    async with resources.app.read_tx(cited.scope) as conn:
        frame = await event_frame(conn, cited.scope, run_id=cited.id, event=event)
    assert json.loads(frame.data) == json.loads(row["data"])
    assert json.loads(frame.data)["coverage"]["failed"] == 0
