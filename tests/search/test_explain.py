from dataclasses import replace
from uuid import UUID

import pytest

from core.scope import Scope
from search.answer import SearchRequest
from search.explain import Places, reasons, written
from search.filter_tree import Either, Every, Except
from search.fuse import LEXICAL_ALONE, Candidate, blend, fuse
from search.operators import Filter
from search.retrieve import retrieve
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher

A, B = (UUID(int=n) for n in (1, 2))
FOUND = [
    Candidate(A, A, False, b"a", bm25=2.0, name=1.0, cosine=0.5, centre=0.2),
    Candidate(B, B, False, b"b", bm25=0.5, name=0.0, cosine=None, centre=0.2),
]
PLACES = Places(lexical=[A, B], semantic=[A], name=[])


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 1.0])
def test_the_legs_add_up_to_the_score_at_every_ratio(ratio):
    weights = blend(sigma=0.1, characters_per_piece=4, semantic_ratio=ratio)
    scores = {hit.id: hit.score for _, hit in fuse(FOUND, weights, near={A})}
    legs = reasons(fuse(FOUND, weights, near={A}), weights, sigma=0.1, places=PLACES)
    for id_, score in scores.items():
        assert sum(leg.contribution for leg in legs[id_]) == pytest.approx(score)


def test_the_legs_add_up_for_a_question_and_across_languages():
    asked = replace(blend(sigma=0.1, characters_per_piece=9, semantic_ratio=0.5), asks=True)
    weights = replace(asked, foreign=frozenset({"de"}), abroad=2.0)
    found = [replace(FOUND[0], asks=True, lang="de"), FOUND[1]]
    ranked = fuse(found, weights, near={A})
    legs = reasons(ranked, weights, sigma=0.1, places=PLACES)
    for _, hit in ranked:
        assert sum(leg.contribution for leg in legs[hit.id]) == pytest.approx(hit.score)


def test_each_leg_tells_its_rank_and_its_scores():
    weights = blend(sigma=0.1, characters_per_piece=9, semantic_ratio=0.5)
    legs = reasons(fuse(FOUND, weights, near={A}), weights, sigma=0.1, places=PLACES)
    assert [(leg.leg, leg.rank, leg.raw) for leg in legs[A]] == [
        ("lexical", 1, 2.0),
        ("name", None, 1.0),
        ("semantic", 1, 0.5),
    ]
    assert legs[A][2].normalised == pytest.approx(3.0)
    assert [(leg.leg, leg.rank) for leg in legs[B]] == [("lexical", 2), ("name", None)]


def test_without_a_vector_meaning_is_not_told():
    legs = reasons(
        fuse(FOUND, LEXICAL_ALONE, near={A}),
        LEXICAL_ALONE,
        sigma=0.1,
        places=replace(PLACES, semantic=[]),
    )
    assert [leg.leg for leg in legs[A]] == ["lexical", "name"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (Filter("from", "ada"), "from:ada"),
        (Filter("in", "two words", True), '-in:"two words"'),
    ],
)
def test_a_filter_is_written_as_it_is_typed(given, text):
    assert written(given) == text


@pytest.fixture
async def orchard(resources, owner_connection, fruit) -> Scope:
    talk = await make_conversation(owner_connection, fruit, "red apples")
    for content in ("apples, apples and pears", "nothing of it", "red wine"):
        await make_message(
            resources, owner_connection, fruit, conversation_id=talk, content=content
        )
    await make_file(
        resources, owner_connection, fruit, name="apples.txt", passages=["Apples are red.", "x"]
    )
    await embed_all(resources, owner_connection, fruit)
    return fruit


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "semantic"])
async def test_terms_add_up_to_the_lexical_leg_and_legs_to_the_score(resources, orchard, mode):
    asked = SearchRequest(q="red apples -wine type:message", mode=mode, explain=True, recency=1.5)
    hits = (await retrieve(make_searcher(resources), orchard, asked)).hits
    assert len(hits) >= 2
    for hit in hits:
        why = hit.explain
        assert why is not None
        assert why.score == hit.score == pytest.approx(sum(leg.contribution for leg in why.legs))
        bm25 = [leg.raw for leg in why.legs if leg.leg == "lexical"]
        assert bm25 in ([], [pytest.approx(sum(term.contribution for term in why.terms))])
        assert all(term.idf > 0 and term.frequency >= 1 for term in why.terms)
        assert why.filters == ("type:message",)
        assert [leg.raw for leg in why.legs if leg.leg == "recency"] == [1.5]


async def test_the_second_page_is_explained_as_the_first(resources, orchard):
    searcher = make_searcher(resources)
    asked = SearchRequest(q="red apples", explain=True, limit=2)
    first = await retrieve(searcher, orchard, asked)
    second = await retrieve(searcher, orchard, replace(asked, cursor=first.page.next_cursor))
    assert second.hits
    for hit in second.hits:
        assert hit.explain is not None
        assert hit.score == pytest.approx(sum(leg.contribution for leg in hit.explain.legs))


async def test_a_page_that_was_shown_without_reasons_can_be_asked_for_them(resources, orchard):
    """As "Why this?" does behind "Show more"; the page that follows may be asked for without them again."""
    searcher = make_searcher(resources)
    asked = SearchRequest(q="red apples", limit=2)
    first = await retrieve(searcher, orchard, asked)
    second = replace(asked, cursor=first.page.next_cursor)
    plain = (await retrieve(searcher, orchard, second)).hits
    explained = (await retrieve(searcher, orchard, replace(second, explain=True))).hits
    assert [hit.id for hit in explained] == [hit.id for hit in plain]
    assert all(hit.explain is not None and hit.explain.legs for hit in explained)
    again = (await retrieve(searcher, orchard, second)).hits
    assert again == plain


def test_a_tree_of_filters_is_written_as_one_line():
    ada, pdf, here = Filter("from", "ada"), Filter("ext", "pdf"), Filter("in", "two words")
    tree = Either((ada, Every((pdf, Except(here)))))
    assert written(tree) == '(from:ada OR (ext:pdf -in:"two words"))'


async def test_the_filter_and_the_type_asked_for_beside_the_query_are_told(resources, orchard):
    tree = Either((Filter("from", "ada"), Filter("ext", "pdf")))
    asked = SearchRequest(q="apples", type="message", tree=tree, explain=True, mode="lexical")
    hits = (await retrieve(make_searcher(resources), orchard, asked)).hits
    told = {hit.explain.filters for hit in hits if hit.explain is not None}
    assert told == {("(from:ada OR ext:pdf)", "type=message")}


async def test_nobody_asked_nothing_is_told(resources, orchard):
    answer = await retrieve(make_searcher(resources), orchard, SearchRequest(q="apples"))
    assert [hit.explain for hit in answer.hits] == [None] * len(answer.hits)
