import asyncio

import pytest

from llm.budget import Budgets, Call, Spent, hold, refused
from sql.fence import Fence
from tests.llm.replying import make_run, state_of, work
from tests.llm.test_reply import CITED, vendor_model
from tests.llm.vendor_server import Reply, vendor_server
from tests.make import make_scope
from workers.ledger import claim, leased

SPENT = Spent(10, 100, 1000, 10_000)


@pytest.mark.parametrize(
    ("budgets", "which"),
    [
        (Budgets(), None),
        (Budgets(15, 105, 1050, 10_050), None),
        (Budgets(person_tokens=14), "Your tokens"),
        (Budgets(workspace_tokens=104), "The workspace's tokens"),
        (Budgets(person_micros=1049), "Your money"),
        (Budgets(workspace_micros=10_049), "The workspace's money"),
    ],
)
def test_a_call_that_would_pass_a_budget_is_refused_by_its_name(budgets, which):
    refusal = refused(Call(5, 50), SPENT, budgets)
    assert (refusal is None) if which is None else str(refusal).startswith(which)


async def test_a_reply_over_the_budget_fails_before_the_provider_is_asked(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope, model="openai:m")
    async with vendor_server(Reply()) as vendor:
        model = vendor_model(vendor.base_url)
        await work(resources, run, model, budgets=Budgets(person_tokens=100))
        assert vendor.requests == []
    assert await state_of(owner_connection, run) == ("failed", "budget_spent", False, "done")


async def test_what_a_reply_took_and_cost_is_kept_and_nothing_stays_set_aside(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    run = await make_run(owner_connection, resources, scope, model="openai:m")
    async with vendor_server(Reply(words=CITED)) as vendor:
        model = vendor_model(vendor.base_url)
        await work(resources, run, model, budgets=Budgets(workspace_tokens=100_000))
    row = await owner_connection.fetchrow(
        "SELECT answered_by, input_tokens, output_tokens, cost_micros, held_tokens, first_token_ms IS NULL FROM run"
    )
    assert tuple(row) == ("openai:m", 11, len(CITED), 11 + 10 * len(CITED), 0, False)


async def test_calls_at_the_same_time_cannot_pass_a_budget_together(resources, owner_connection):
    scope = await make_scope(owner_connection)
    runs = [
        await make_run(owner_connection, resources, scope, model="openai:m", facts=[])
        for _ in range(6)
    ]
    budgets, call = Budgets(workspace_tokens=350), Call(100, 0)

    async def ask(fence: Fence, run_id) -> str | None:
        return await hold(fence, run_id, account_id=scope.account_id, call=call, budgets=budgets)

    claimed = await claim(resources.worker, "reply")
    assert claimed is not None
    async with leased(resources.worker, claimed) as fence:
        answers = await asyncio.gather(*(ask(fence, run.id) for run in runs))
    assert answers.count(None) == 3
    assert await owner_connection.fetchval("SELECT sum(held_tokens) FROM run") == 300
