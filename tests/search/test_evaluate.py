import json
from dataclasses import replace
from uuid import UUID

import pytest

from core.errors import InvalidInput
from core.scope import Scope
from search.evaluate import (
    Difference,
    Judged,
    Scored,
    Setting,
    Topic,
    difference,
    evaluate,
    judged_by_people,
    judged_in_file,
    read_setting,
    sampled,
)
from search.feedback import Judgement
from tests.make import make_colleague, make_scope
from tests.search.make import embed_all, make_file, make_searcher

ADA, BOB, WORKSPACE, FILE, OTHER = (UUID(int=n) for n in range(1, 6))
SCOPE = Scope(ADA, WORKSPACE, "owner")
LEXICAL = Setting("lexical", "lexical")


def said(query, target, *, who=ADA, clicks=0, thumb=None) -> Judgement:
    return Judgement(who, "owner" if who == ADA else "member", query, target, clicks, thumb)


def test_each_person_and_query_is_a_topic_and_a_thumb_weighs_more_than_clicks():
    judged = judged_by_people(
        [
            said("pension", FILE, clicks=9),
            said("pension", OTHER, thumb="up"),
            said("tea", FILE, clicks=3, thumb="down"),
            said("pension", FILE, who=BOB, clicks=1, thumb="down"),
            said("pension", OTHER, who=BOB, clicks=1),
        ],
        WORKSPACE,
    )
    topics = (
        Topic(SCOPE, "pension", {FILE: 1.0, OTHER: 3.0}),
        Topic(Scope(BOB, WORKSPACE, "member"), "pension", {FILE: 0.0, OTHER: 1.0}),
    )
    assert judged == Judged(topics, judgements=5, clicks_alone=2, without_relevant=1)


def test_a_file_names_what_is_relevant_as_a_list_or_with_grades():
    lines = [
        json.dumps({"query": "pension", "relevant": [str(FILE), str(OTHER)]}),
        "  ",
        json.dumps({"query": "tea", "relevant": {str(FILE): 2, str(OTHER): 0}}),
    ]
    topics = (
        Topic(SCOPE, "pension", {FILE: 1.0, OTHER: 1.0}),
        Topic(SCOPE, "tea", {FILE: 2.0, OTHER: 0.0}),
    )
    assert judged_in_file(lines, SCOPE) == Judged(topics, judgements=4, clicks_alone=0)


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"query": "x"}', '{"query": "", "relevant": []}', '{"query": "x", "relevant": ["seven"]}',
        f'{{"query": " ", "relevant": ["{FILE}"]}}', f'{{"query": "x", "relevant": {{"{FILE}": -1}}}}',
        f'{{"query": "x", "relevant": {{"{FILE}": 0}}}}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_judgement_is_named_by_its_number(line):
    good = json.dumps({"query": "pension", "relevant": [str(FILE)]})
    with pytest.raises(InvalidInput, match="line 2 is not"):
        judged_in_file([good, line], SCOPE)


def test_many_topics_are_sampled_each_time_alike():
    topics = tuple(Topic(SCOPE, f"q{n}", {FILE: 1.0}) for n in range(9))
    judged = Judged(topics, judgements=9, clicks_alone=0)
    few = sampled(judged, most=4)
    assert (len({t.query for t in few.topics}), few.judgements) == (4, 9)
    assert sampled(judged, most=4) == few
    assert sampled(judged, most=9) is judged


def test_a_setting_is_a_mode_and_hybrid_may_say_its_weight():
    assert [read_setting(text) for text in ("lexical", "semantic", "hybrid", "hybrid@0.3")] == [
        LEXICAL,
        Setting("semantic", "semantic"),
        Setting("hybrid", "hybrid"),
        Setting("hybrid@0.3", "hybrid", 0.3),
    ]
    assert read_setting("hybrid@0.3+rerank") == Setting("hybrid@0.3+rerank", "hybrid", 0.3, True)
    assert read_setting("lexical+recency@2") == Setting("lexical+recency@2", "lexical", recency=2.0)
    for text in (
        "magic",
        "lexical@0.3",
        "hybrid@2",
        "hybrid@x",
        "hybrid@nan",
        "+rerank",
        "hybrid+recency",
        "hybrid+recency@11",
        "hybrid+x@1",
        "",
    ):
        with pytest.raises(InvalidInput, match="settings: knows"):
            read_setting(text)


def scored(*ndcg: float) -> Scored:
    return Scored(LEXICAL, ndcg, ndcg, ndcg, 0, 0)


def test_two_settings_are_told_apart_only_beyond_chance():
    assert difference(scored(0.5), scored(0.25)) == Difference(0.25, None)
    steady = difference(scored(0.6, 0.7, 0.8, 0.9), scored(0.5, 0.6, 0.7, 0.8))
    assert (round(steady.mean, 6), steady.is_told) == (0.1, True)
    shaky = difference(scored(1.0, 0.0, 1.0, 0.0), scored(0.0, 1.0, 0.0, 0.5))
    assert (shaky.mean, shaky.is_told) == (0.125, False)


@pytest.fixture
async def ada(resources, owner_connection):
    return await make_scope(owner_connection)


async def test_the_product_is_asked_as_the_person_and_files_count_once(
    resources, owner_connection, ada
):
    bob = await make_colleague(owner_connection, ada)
    plan = await make_file(
        resources, owner_connection, ada, name="a.txt",
        passages=["pension plan", "another pension", "a third pension"],
    )  # fmt: skip
    tea = await make_file(resources, owner_connection, ada, name="b.txt", passages=["green tea"])
    await embed_all(resources, owner_connection, ada)
    topics = [
        Topic(ada, "pension tea", {tea: 1.0, plan: 3.0}),
        Topic(bob, "pension", {plan: 1.0}),
        Topic(ada, "-pension", {plan: 1.0}),
    ]
    found = await evaluate(make_searcher(resources), topics, LEXICAL)
    # A rare word and one passage of three: the order of the two files is the product's affair, both are found.
    assert found.recall == (1.0, 0.0, 0.0)
    assert found.reciprocal_rank == (1.0, 0.0, 0.0)
    assert 0.5 < found.ndcg[0] <= 1.0
    assert (found.degraded, found.refused) == (0, 1)


async def test_a_judged_passage_counts_by_itself(resources, owner_connection, ada):
    await make_file(
        resources, owner_connection, ada, name="a.txt", passages=["pension plan", "tea garden"]
    )
    passages = await owner_connection.fetch("SELECT id FROM passage ORDER BY ordinal")
    topics = [Topic(ada, "garden", {row["id"]: 1.0}) for row in passages]
    found = await evaluate(make_searcher(resources), topics, LEXICAL)
    assert found.recall == (0.0, 1.0)


async def test_passages_that_nobody_judged_count_one_by_one_before_a_judged_one(
    resources, owner_connection, ada
):
    texts = ["tea tea", "tea and cake", "tea with some milk and sugar"]
    await make_file(resources, owner_connection, ada, name="a.txt", passages=texts)
    last = await owner_connection.fetchval("SELECT id FROM passage ORDER BY ordinal DESC LIMIT 1")
    found = await evaluate(make_searcher(resources), [Topic(ada, "tea", {last: 1.0})], LEXICAL)
    assert found.reciprocal_rank == (1 / 3,)


async def test_a_search_without_one_of_its_parts_is_counted(resources, owner_connection, ada):
    file_id = await make_file(resources, owner_connection, ada, name="a.txt", passages=["pension"])
    await embed_all(resources, owner_connection, ada)
    lame = replace(make_searcher(resources), semantic_timeout_s=0.0)
    found = await evaluate(
        lame, [Topic(ada, "pension", {file_id: 1.0})], Setting("hybrid", "hybrid")
    )
    assert (found.ndcg, found.degraded) == ((1.0,), 1)
