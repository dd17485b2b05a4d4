"""A generation of another model from its first vector to its last: built, measured, promoted, followed, rolled back, dropped."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.errors import Conflict, Unavailable
from ingest import generations as filling
from ingest.vectors import Asking
from search.embed import Embedder, FakeEmbedder, unit_length
from search.generations import begin, drop, find_generation, pause, promote, resume, roll_back
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_message, make_searcher, ranked
from tests.workers import made
from workers import generations
from workers.generations import attend, keep_loaded, remove
from workers.jobs import KINDS, Ended, bury
from workers.ledger import claim, leased
from workers.queue import JobKind, enqueue_build

WORDS = [
    "harbour",
    "lantern",
    "tide",
    "anchor",
    "gull",
    "mast",
    "keel",
    "buoy",
    "chart",
    "rope",
    "sail",
    "wharf",
]


class Second(FakeEmbedder):
    """The same words in 64 other dimensions, so that a vector of the one model means nothing to the other."""

    model, dimension = "second", 64

    def __init__(self) -> None:
        self.asked = 0

    async def embed_query(self, text):
        made = await super().embed_query(text)
        return replace(made, vector=unit_length(made.vector[320:]))

    async def embed_documents(self, texts):
        self.asked += len(texts)
        return unit_length((await super().embed_documents(texts))[:, 320:])


def sentence(number: int) -> str:
    first, second = WORDS[number % 12], WORDS[(number * 5 + number // 12) % 12]
    return f"Note {number}. The {first} lies beside the {second} of ship n{number}."


class Place:
    """A workspace of messages whose vectors are the first model's, and a worker that knows the second."""

    def __init__(self, resources, owner, scope, work) -> None:
        self.resources, self.owner, self.scope = resources, owner, scope
        self.second = Second()
        self.models: Callable[[str], Embedder | None] = {
            "second": self.second, FakeEmbedder.model: FakeEmbedder(),
        }.get  # fmt: skip
        asking = Asking(FakeEmbedder(), others=self.models)
        self.work = replace(work, tools=replace(work.tools, asking=asking))
        self.generation_id = scope.workspace_id  # until there is one

    def tx(self):
        return self.resources.worker.tenant_tx(self.scope.workspace_id)

    async def start(self, *, is_automatic=False):
        async with self.tx() as conn:
            self.generation_id = await begin(
                conn,
                self.scope.workspace_id,
                model="second",
                dimension=64,
                is_automatic=is_automatic,
            )
            await enqueue_build(conn, self.scope, generation_id=self.generation_id)

    async def do_jobs(self, kind: JobKind = "build_generation"):
        """Work off what is due; return how many jobs there were."""
        done = 0
        while (
            taken := await claim(self.resources.worker, kind, most=KINDS[kind].most)
        ) is not None:
            async with leased(self.resources.worker, taken) as fence:
                await KINDS[kind].body(self.work, fence, taken)
            done += 1
        return done

    async def found(self):
        async with self.tx() as conn:
            return await find_generation(conn, self.scope.workspace_id, self.generation_id)

    async def vectors(self, model="second"):
        return await self.owner.fetchval(
            "SELECT count(*) FROM embedding e JOIN generation g ON g.id = e.generation_id WHERE g.model = $1",
            model,
        )

    def searcher(self):
        return make_searcher(self.resources, other_models=self.models)


@pytest.fixture
async def place(resources, owner_connection, work):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    for number in range(40):
        await make_message(
            resources, owner_connection, scope, conversation_id=talk, content=sentence(number)
        )
    await embed_all(resources, owner_connection, scope)
    return Place(resources, owner_connection, scope, work)


async def test_it_is_built_beside_the_live_one_measured_and_waits_for_its_promotion(place):
    await place.start()
    assert await place.do_jobs() == 1
    found = await place.found()
    assert (found.state, found.embedded, found.passages, found.refused) == ("ready", 40, 40, 0)
    assert found.sigma is not None
    assert found.self_recall is not None
    assert found.self_recall > 0.9
    assert await place.vectors() == await place.vectors(FakeEmbedder.model) == 40
    assert place.second.asked == 40
    means = await place.owner.fetch(
        "SELECT DISTINCT vector_dims(mean) AS d FROM language_mean WHERE generation_id = $1",
        found.id,
    )
    assert [row["d"] for row in means] == [64]
    assert (await ranked(place.searcher(), place.scope, "ship n7")).listed != []


async def test_a_turn_that_ends_early_is_gone_on_with_by_the_next(place, monkeypatch):
    monkeypatch.setattr(filling, "BATCH", 10)
    await place.start()
    turns = 0

    async def one_batch_a_turn(*args, **kwargs):
        nonlocal turns
        turns += 1
        return await fill(*args, **kwargs, turn_s=0.0 if turns < 3 else 60.0)

    fill = filling.fill
    monkeypatch.setattr(generations, "fill", one_batch_a_turn)
    assert await place.do_jobs() == 3
    assert (turns, (await place.found()).state, await place.vectors()) == (3, "ready", 40)


@pytest.mark.parametrize("after", [0, 10, 35])
async def test_after_a_crash_it_goes_on_where_it_stopped(place, monkeypatch, after):
    monkeypatch.setattr(filling, "BATCH", 5)

    class Crash(Exception):
        pass

    async def dying(texts):
        if place.second.asked >= after:
            raise Crash
        return await Second.embed_documents(place.second, texts)

    await place.start()
    place.second.embed_documents = dying
    with pytest.raises(Crash):
        await place.do_jobs()
    assert await place.vectors() == after
    del place.second.embed_documents
    await place.owner.execute("UPDATE job SET state = 'queued' WHERE kind = 'build_generation'")
    assert await place.do_jobs() == 1
    assert ((await place.found()).state, place.second.asked) == ("ready", 40)


async def test_a_model_that_is_away_keeps_the_job_waiting_and_search_answering(place):
    async def away(texts):
        raise Unavailable("no socket")

    await place.start()
    place.second.embed_documents = away
    with pytest.raises(Unavailable):
        await place.do_jobs()
    assert (await place.found()).state == "building"
    assert (await ranked(place.searcher(), place.scope, "ship n7")).watch.degraded == []


async def test_a_pause_stops_it_and_resuming_makes_only_what_is_missing(place, monkeypatch):
    monkeypatch.setattr(filling, "BATCH", 10)
    ws = place.scope.workspace_id

    async def pausing(texts):
        async with place.tx() as conn:
            await pause(conn, ws, place.generation_id)
        del place.second.embed_documents
        return await Second.embed_documents(place.second, texts)

    await place.start()
    place.second.embed_documents = pausing
    assert await place.do_jobs() == 1
    assert ((await place.found()).state, await place.vectors()) == ("paused", 10)
    async with place.tx() as conn:
        await resume(conn, ws, place.generation_id)
        await enqueue_build(conn, place.scope, generation_id=place.generation_id)
    assert await place.do_jobs() == 1
    assert ((await place.found()).state, place.second.asked) == ("ready", 40)


async def test_what_is_written_meanwhile_gets_vectors_of_both_models(place):
    await place.start()
    await place.do_jobs()
    talk = await made.make_conversation(place.owner, place.scope)
    await made.make_message(
        place.owner, place.resources, place.scope, "A new whistle.", conversation_id=talk
    )
    file = await made.make_file(
        place.owner, place.resources, place.scope, b"An anchor and a whistle.\n", name="new.txt"
    )
    assert await place.do_jobs("embed_message") == 1
    assert await place.do_jobs("ingest_file") == 1
    assert await place.vectors(FakeEmbedder.model) == 42
    assert await place.do_jobs() == 1, "one waiting turn is enough for both"
    assert await place.vectors() == 42
    state = await place.owner.fetchval("SELECT state FROM file WHERE id = $1", file.file_id)
    assert (state, (await place.found()).state) == ("ready", "ready")
    async with place.tx() as conn:
        await promote(conn, place.scope.workspace_id, place.generation_id)


async def test_one_for_the_settings_is_promoted_by_itself(place):
    await place.start(is_automatic=True)
    await place.do_jobs()
    assert (await place.found()).state == "active"


async def test_one_that_does_not_find_its_own_sentences_is_not_promoted_by_itself(place):
    async def noise(texts):
        rng = np.random.default_rng(len(texts))
        return unit_length(rng.normal(size=(len(texts), 64)).astype(np.float32))

    place.second.embed_documents = noise
    await place.start(is_automatic=True)
    await place.do_jobs()
    found = await place.found()
    assert found.state == "ready"
    assert found.reason.startswith("It finds ")


async def test_searches_during_promotions_and_rollbacks_never_fail_and_never_mix(place):
    """Each answer is the whole answer of one model: the same hits in the same order as when nothing changes."""
    ws, searcher = place.scope.workspace_id, place.searcher()

    async def answer():
        ranking = await ranked(searcher, place.scope, "lantern beside the keel", mode="semantic")
        assert ranking.watch.degraded == []
        return tuple(hit.id for hit in ranking.listed)

    await place.start()
    await place.do_jobs()
    first = await answer()
    async with place.tx() as conn:
        await promote(conn, ws, place.generation_id)
    second = await answer()
    assert first != second
    answers, changing = [], True

    async def keep_asking():
        while changing:
            answers.append(await answer())
            await asyncio.sleep(0)

    askers = [asyncio.create_task(keep_asking()) for _ in range(3)]
    for _ in range(8):
        await asyncio.sleep(0.05)
        async with place.tx() as conn:
            await roll_back(conn, ws)
        await asyncio.sleep(0.05)
        async with place.tx() as conn:
            await promote(conn, ws, place.generation_id)
    changing = False
    await asyncio.gather(*askers)
    assert set(answers) == {first, second}


async def test_a_query_is_embedded_by_the_model_of_the_generation_once_it_is_known(place):
    asked = []

    class Watched(Second):
        async def embed_query(self, text):
            asked.append(text)
            return await super().embed_query(text)

    await place.start(is_automatic=True)
    await place.do_jobs()
    known = {"second": Watched()}.get
    searcher = make_searcher(place.resources, other_models=known)
    for _ in range(2):
        ranking = await ranked(searcher, place.scope, "ship n7")
        assert ranking.watch.degraded == []
    assert asked == ["ship n7"]
    assert searcher.models == {place.scope.workspace_id: "second"}


async def test_without_the_generations_model_the_words_answer_and_it_is_said(place):
    await place.start(is_automatic=True)
    await place.do_jobs()
    ranking = await ranked(make_searcher(place.resources), place.scope, "ship n7")
    assert ranking.watch.degraded == ["semantic"]
    assert ranking.listed != []


async def test_a_dropped_one_leaves_nothing(place):
    await place.start()
    await place.do_jobs()
    async with place.tx() as conn:
        await drop(conn, place.scope.workspace_id, place.generation_id)
    await attend(place.resources.worker, wanted=lambda _: None, models=place.models)
    assert await place.vectors() == 40, "a search may still be under way"
    removed = await remove(
        place.resources.worker, place.scope.workspace_id, generation_id=place.generation_id
    )
    assert (removed, await place.vectors(), await place.vectors(FakeEmbedder.model)) == (40, 0, 40)
    rows = await place.owner.fetch("SELECT model FROM generation")
    assert [row["model"] for row in rows] == [FakeEmbedder.model]


async def test_what_the_settings_want_is_built_once_and_not_again_after_a_rollback(place):
    async def attended():
        await attend(place.resources.worker, wanted=lambda _: "second", models=place.models)
        return await place.do_jobs()

    assert await attended() == 1
    [row] = await place.owner.fetch("SELECT id, state FROM generation WHERE model = 'second'")
    assert row["state"] == "active"
    async with place.tx() as conn:
        await roll_back(conn, place.scope.workspace_id)
    assert await attended() == 0
    assert await place.vectors() == 40


async def test_a_generation_that_lost_its_job_gets_another(place):
    await place.start()
    await place.owner.execute("DELETE FROM job WHERE kind = 'build_generation'")
    await attend(place.resources.worker, wanted=lambda _: None, models=place.models)
    assert await place.do_jobs() == 1
    assert (await place.found()).state == "ready"


async def test_a_model_that_cannot_be_asked_is_not_built(place):
    await attend(place.resources.worker, wanted=lambda _: "third", models=place.models)
    assert await place.owner.fetchval("SELECT count(*) FROM generation") == 1


async def test_models_in_use_are_kept_loaded_and_one_that_is_away_does_no_harm(place):
    asked = []

    class Away(FakeEmbedder):
        async def embed_query(self, text):
            asked.append(text)
            raise Unavailable("no socket")

    pool, away = place.resources.worker, {FakeEmbedder.model: Away()}.get
    await keep_loaded(pool, away, computes_here=lambda _: True)
    await keep_loaded(pool, away, computes_here=lambda _: False)
    await keep_loaded(pool, lambda _: None, computes_here=lambda _: True)
    assert asked == ["ready"]


async def test_a_job_that_gave_up_says_so_in_the_generation(place):
    await place.start()
    async with place.tx() as conn:
        ended = Ended(
            place.scope.workspace_id, place.generation_id, "build_generation",
            place.generation_id, "dead", "too_often",
        )  # fmt: skip
        await bury(conn, ended)
    found = await place.found()
    assert (found.state, found.reason) == ("failed", "too_often")
    async with place.tx() as conn:
        with pytest.raises(Conflict):
            await promote(conn, place.scope.workspace_id, place.generation_id)
