from uuid import UUID

from app.cli_generations import line
from app.client_shapes import IndexGeneration
from search.embed import FakeEmbedder

FAKE = FakeEmbedder.model


def generation(**values: object) -> IndexGeneration:
    base = {"id": UUID(int=1), "model": "multilingual-e5-small", "state": "building", "embedded": 1, "passages": 4,
            "self_recall": None, "reason": ""}  # fmt: skip
    return IndexGeneration.model_validate(base | values)


def test_a_line_tells_state_model_progress_and_what_was_measured():
    assert line(generation()) == f"building   multilingual-e5-small      25%  {UUID(int=1)}"
    measured = generation(state="ready", embedded=5, self_recall=0.4, reason="It finds 40%.")
    assert line(measured).endswith("finds 40% of its own sentences  It finds 40%.")
    assert " 100% " in line(measured)


async def test_one_is_built_paused_promoted_and_named_by_its_model(
    ada, recollect, owner_connection
):
    async def said(*arguments: str) -> str:
        return (await recollect("generations", *arguments)).stderr

    nothing = await recollect("generations")
    assert nothing.stdout == "Nothing has been embedded here yet.\n"
    assert (await said("build", FAKE)).startswith(f"{FAKE} is being built: ")
    assert (await said("pause", FAKE)).startswith("paused ")
    assert (await said("resume", FAKE)).startswith("building ")
    await owner_connection.execute("UPDATE generation SET state = 'ready'")
    assert (await said("promote", FAKE)).startswith("active ")
    assert await said("rollback") == "recollect: There is no generation to go back to.\n"
    assert await said("drop", FAKE) == "recollect: The generation is active.\n"
    await owner_connection.execute("UPDATE generation SET state = 'ready'")
    assert await said("drop", FAKE) == f"{FAKE} is being deleted.\n"
    assert (await recollect("generations")).stdout.startswith("dropping ")
    assert (await said("promote", "e5")).startswith("recollect: There is no generation e5: ")


async def test_a_foreign_workspace_is_not_there(ada, recollect):
    answer = await recollect("generations", "--workspace", str(UUID(int=1)))
    assert (answer.exit_code, answer.stdout) == (1, "")
