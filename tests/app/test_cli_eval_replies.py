from uuid import UUID

from app.cli_eval_replies import LIST_REPLY_JUDGEMENTS, Judged, Standing, standings_of, table
from sql import fetch
from tests.llm.replying import make_run, work
from tests.make import make_scope

ADA, BOB = UUID(int=1), UUID(int=2)


def judged(*thumbs):
    return [
        Judged(who, UUID(int=100 + question), model, thumb)
        for who, question, model, thumb in thumbs
    ]


def test_models_are_compared_by_the_same_person_on_the_same_question():
    given = judged(
        (ADA, 1, "a", "up"),
        (ADA, 1, "b", "down"),
        (BOB, 1, "b", "up"),
        (ADA, 2, "a", "up"),
        (ADA, 2, "b", "up"),
    )
    assert standings_of(given) == [Standing("a", 2, 0, 1, 0), Standing("b", 2, 1, 0, 1)]
    assert table(standings_of(given)) == [
        "model    up  down  share  better  worse",
        "a         2     0   1.00       1      0",
        "b         2     1   0.67       0      1",
    ]
    assert table([]) == ["model    up  down  share  better  worse"]


async def test_thumbs_are_read_with_the_model_that_wrote(resources, owner_connection):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope)
    await work(resources, run)
    await owner_connection.execute(
        "INSERT INTO reply_feedback (workspace_id, account_id, message_id, conversation_id, thumb)"
        " SELECT workspace_id, $1, reply_message_id, conversation_id, 'up' FROM run",
        scope.account_id,
    )
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        found = await fetch(conn, LIST_REPLY_JUDGEMENTS, workspace_id=scope.workspace_id)
    assert found == [Judged(scope.account_id, run.message_id, "extractive", "up")]
