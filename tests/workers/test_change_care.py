from datetime import timedelta

from sql.changes import note_change
from tests.make import make_conversation
from workers.change_care import remove_old


async def test_changes_go_when_their_days_are_over_and_the_count_goes_on(
    resources, owner_connection, scope
):
    talk = await make_conversation(owner_connection, scope)

    async def note():
        async with resources.app.write_tx(scope) as conn:
            return await note_change(
                conn,
                workspace_id=scope.workspace_id,
                conversation_id=talk,
                kind="pin.changed",
                subject_id=None,
                actor_id=scope.account_id,
            )

    for _ in range(3):
        await note()
    await owner_connection.execute(
        "UPDATE change SET at = now() - $1::interval WHERE seq < 3", timedelta(days=8)
    )
    assert [await remove_old(resources.worker, days=7) for _ in range(2)] == [2, 0]
    assert await owner_connection.fetchval("SELECT min(seq) FROM change") == 3
    assert await note() == 4
