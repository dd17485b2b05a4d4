import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.errors import Unavailable
from core.ids import new_id
from search.answer import SearchRequest
from search.fuse import Listed
from search.query import parse
from search.rerank import TOP, is_exact, reorder, rerank
from search.rerank_onnx import OnnxReranker
from search.retrieve import retrieve
from search.searcher import Watch
from tests.make import make_scope
from tests.search.make import make_file, make_searcher, ranked
from tests.search.tiny_cross_encoder import write_cross_encoder

IDS = [new_id() for _ in range(5)]
LISTED = [Listed(id_, 9.0 - n, ("lexical",)) for n, id_ in enumerate(IDS)]


def order(scores: Sequence[float | None], exact: Sequence[int] = ()) -> list[int]:
    known = {id_: score for id_, score in zip(IDS, scores, strict=True) if score is not None}
    ordered = reorder(LISTED, known, exact=[IDS[n] for n in exact])
    return [IDS.index(entry.id) for entry in ordered]


def test_the_model_decides_the_order_and_equal_scores_stay_as_they_were():
    assert order([1, 5, 3, 5, 4]) == [1, 3, 4, 2, 0]
    assert order([0, 0, 0, 0, 0]) == [0, 1, 2, 3, 4]
    assert order([1, None, 3, None, -4]) == [2, 0, 4, 1, 3]


def test_an_exact_hit_may_rise_and_never_sinks():
    assert order([0, 5, 4, 3, 2], exact=[0]) == [0, 1, 2, 3, 4]
    assert order([5, 0, 4, 3, 9], exact=[1]) == [4, 1, 0, 2, 3]
    assert order([1, 2, 3, 4, 5], exact=[4]) == [4, 3, 2, 1, 0]
    assert order([1, 2, 3, 4, 5], exact=[0, 1, 2]) == [0, 1, 2, 4, 3]


@pytest.mark.parametrize(
    ("q", "text", "exact"),
    [
        ("pension plan", "The Pension\nPlan of 2026", True),
        ("pension plan", "a plan for the pension", False),
        ("pension", "the pension", False),
        ("why ERR-4711", "Error err-4711 came up", True),
        ("why ERR-4711", "Error ERR-47110 came up", False),
        ("foo_bar.baz fails", "call foo_bar.baz()", True),
        ("learn C++", "we learn c++ here", True),
        ('"second tooth" lost', "he lost his second  tooth", True),
        ('"second tooth" lost', "a second loose tooth", False),
        ("writeBoolean slow", "writeBoolean is called", True),
        ("type:file", "type file", False),
    ],
)
def test_exact_is_what_the_query_means_literally(q, text, exact):
    assert is_exact(parse(q), text) is exact


@pytest.fixture
async def ada(resources, owner_connection):
    scope = await make_scope(owner_connection)
    for n, text in enumerate(("pension pension bad", "pension fair", "pension good good")):
        await make_file(resources, owner_connection, scope, name=f"{n}.txt", passages=[text])
    return scope


@pytest.fixture
def model(tmp_path):
    model = OnnxReranker(write_cross_encoder(tmp_path, {"good": 2.0, "fair": 1.0, "bad": -1.0}))
    yield model
    model.close()


ASKED = SearchRequest(q="pension", mode="lexical", rerank=True)


async def titles(searcher, scope, request=ASKED):
    answer = await retrieve(searcher, scope, request)
    return [hit.title for hit in answer.hits], answer.degraded


async def test_the_list_is_frozen_in_the_order_of_the_model(resources, ada, model):
    searcher = make_searcher(resources, reranker=model)
    fused, _ = await titles(searcher, ada, replace(ASKED, rerank=False))
    assert fused[0] == "0.txt"
    assert await titles(searcher, ada) == (["2.txt", "1.txt", "0.txt"], ())
    first = await retrieve(searcher, ada, replace(ASKED, limit=2))
    second = await retrieve(searcher, ada, replace(ASKED, limit=2, cursor=first.page.next_cursor))
    assert [hit.title for hit in (*first.hits, *second.hits)] == ["2.txt", "1.txt", "0.txt"]
    by_date = await retrieve(searcher, ada, replace(ASKED, sort="oldest"))
    assert [hit.title for hit in by_date.hits] == ["0.txt", "1.txt", "2.txt"]


async def test_beyond_the_head_the_list_stays(resources, owner_connection, ada, model):
    for n in range(TOP + 5):
        await make_file(
            resources, owner_connection, ada, name=f"x{n}.txt", passages=[f"tea {'leaf ' * n}good"]
        )
    searcher = make_searcher(resources, reranker=model)
    fused, _ = await titles(searcher, ada, replace(ASKED, q="tea", limit=100, rerank=False))
    found, _ = await titles(searcher, ada, replace(ASKED, q="tea", limit=100))
    assert (len(found), set(found[:TOP])) == (TOP + 5, set(fused[:TOP]))
    assert found[TOP:] == fused[TOP:]


class Slow:
    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        await asyncio.Event().wait()
        return []


class Away:
    async def score(self, query: str, passages: Sequence[str]) -> list[float]:
        raise Unavailable("away")


async def test_without_the_model_in_time_the_fused_order_stays_and_the_answer_says_so(
    resources, ada
):
    fused, _ = await titles(make_searcher(resources), ada, replace(ASKED, rerank=False))
    for reranker, part in (
        (None, "reranker_not_configured"),
        (Slow(), "rerank"),
        (Away(), "rerank"),
    ):
        searcher = make_searcher(resources, reranker=reranker, rerank_timeout_s=0.01)
        assert await titles(searcher, ada) == (fused, (part,))


async def test_texts_that_cannot_be_read_leave_the_list_as_it_was(resources, ada, model):
    """A pool that was busy then made the whole search a 503."""
    searcher = make_searcher(resources, reranker=model)
    query, watch = parse(ASKED.q), Watch()
    fused = (await ranked(searcher, ada, ASKED.q, mode="lexical")).listed
    busy = replace(resources.app, seats=asyncio.Semaphore(0), acquire_timeout_s=0.01)
    listed = list(fused)
    await rerank(replace(searcher, read_pool=busy), ada, listed, query=query, watch=watch)
    assert (listed, watch.degraded) == (fused, ["rerank"])
    await rerank(searcher, ada, listed, query=query, watch=watch)
    assert listed != fused
