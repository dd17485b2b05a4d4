import json
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


async def thumb_up(resources, owner):
    """A reply that the first one liked."""
    scope = await make_scope(owner)
    run = await make_run(owner, resources, scope)
    await work(resources, run)
    await owner.execute(
        "INSERT INTO reply_feedback (workspace_id, account_id, message_id, conversation_id, thumb)"
        " SELECT workspace_id, $1, reply_message_id, conversation_id, 'up' FROM run WHERE id = $2",
        scope.account_id, run.id,
    )  # fmt: skip
    return scope, run


async def test_thumbs_are_read_with_the_model_that_wrote(resources, owner_connection):
    scope, run = await thumb_up(resources, owner_connection)
    async with resources.worker.tenant_tx(scope.workspace_id) as conn:
        found = await fetch(conn, LIST_REPLY_JUDGEMENTS, workspace_id=scope.workspace_id)
    assert found == [Judged(scope.account_id, run.message_id, "extractive", "up")]


async def test_eval_counts_them_where_it_is_asked_to(
    served, recollect, resources, owner_connection
):
    scope, _ = await thumb_up(resources, owner_connection)
    who = ("--workspace", str(scope.workspace_id))
    ended = await recollect("eval", "--replies", "--json", *who)
    assert (ended.exit_code, json.loads(ended.stdout)) == (
        0,
        [{"model": "extractive", "up": 1, "down": 0, "better": 0, "worse": 0}],
    )
    shown = await recollect("eval", "--replies", *who)
    assert shown.stdout.splitlines()[1].split() == ["extractive", "1", "0", "1.00", "0", "0"]
    assert "mostly chance" in shown.stderr
    wrong = await recollect("eval", "--replies", "--generation", "e5", *who)
    assert (wrong.exit_code, "by thumbs alone" in wrong.stderr) == (1, True)
