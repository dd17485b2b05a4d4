from dataclasses import replace
from uuid import UUID

import pytest

from search.fuse import (
    ABROAD,
    FLOOR,
    HALF_LIFE_DAYS,
    LEXICAL_ALONE,
    QUESTION,
    WEIGHT,
    Candidate,
    Listed,
    across,
    blend,
    collapse,
    fuse,
)
from search.neighbours import AROUND_FINDS

A, B, C = (UUID(int=n) for n in (1, 2, 3))
LENT, MOST = AROUND_FINDS.lent, AROUND_FINDS.most
EVEN = blend(sigma=0.1, characters_per_piece=5, semantic_ratio=0.5)


def candidate(id_, **given):
    base = Candidate(id_, id_, False, id_.bytes, bm25=0.0, name=0.0, cosine=None, centre=0.0)
    return replace(base, **given)


def test_the_rule_adds_bm25_and_the_centred_cosine_in_deviations():
    ranked = fuse([candidate(A, bm25=2.0, cosine=0.5, centre=0.2)], EVEN, near={A})
    assert ranked[0][1].score == pytest.approx(2.0 + WEIGHT * 0.3 / 0.1)
    assert ranked[0][1].match == ("lexical", "semantic")


def test_a_passage_without_a_vector_is_neither_near_nor_far():
    far = candidate(A, bm25=1.0, cosine=0.1, centre=0.2)
    ranked = fuse([far, candidate(B, bm25=1.0)], EVEN, near=set())
    assert [listed.id for _, listed in ranked] == [B, A]


def test_equal_scores_come_by_id():
    ranked = fuse([candidate(B, bm25=1.0), candidate(A, bm25=1.0)], LEXICAL_ALONE, near=())
    assert [listed.id for _, listed in ranked] == [A, B]


def test_what_shares_no_word_and_is_not_near_enough_is_no_hit():
    near_enough, too_far = FLOOR * 0.1 + 0.01, FLOOR * 0.1 - 0.01
    ranked = fuse(
        [candidate(A, cosine=near_enough), candidate(B, cosine=too_far)], EVEN, near={A, B}
    )
    assert [listed.id for _, listed in ranked] == [A]


def test_a_query_that_the_model_cannot_read_counts_less():
    assert (
        blend(sigma=0.1, characters_per_piece=2.15, semantic_ratio=0.5).semantic
        == EVEN.semantic / 8
    )


def test_rare_words_of_an_english_query_cost_it_less_than_foreign_ones():
    english = blend(sigma=0.1, characters_per_piece=2.15, semantic_ratio=0.5, spoken="en")
    german = blend(sigma=0.1, characters_per_piece=2.15, semantic_ratio=0.5, spoken="de")
    assert (english.semantic, german.semantic) == (EVEN.semantic / 2, EVEN.semantic / 8)


def test_meaning_counts_more_abroad_the_less_the_words_of_the_query_are_held_at_home():
    foreign = frozenset({"de"})
    here, there = candidate(A, lang="en", bm25=2.0), candidate(B, lang="de", bm25=9.0, cosine=0.3)
    weights = across(EVEN, [here, there], foreign=foreign, most=10.0)
    assert weights == replace(EVEN, foreign=foreign, abroad=pytest.approx(1 + ABROAD * 0.8**2))
    assert weights.of(here) == EVEN.of(here)
    assert weights.of(there) == (EVEN.lexical, EVEN.semantic * weights.abroad)
    assert across(EVEN, [there], foreign=foreign, most=10.0).abroad == 1 + ABROAD
    covered = candidate(A, lang="en", bm25=11.0)
    assert across(EVEN, [covered, there], foreign=foreign, most=10.0).abroad == 1


def test_meaning_alone_and_one_language_alone_weigh_as_ever():
    meaning = blend(sigma=0.1, characters_per_piece=5, semantic_ratio=1)
    found = [candidate(A, lang="de", cosine=0.3)]
    assert across(meaning, found, foreign=frozenset({"de"}), most=10.0) == meaning
    assert across(EVEN, found, foreign=frozenset(), most=10.0) == EVEN


def test_a_question_that_was_found_counts_less_where_one_is_asked():
    found = [
        candidate(A, is_message=True, asks=True, bm25=2.0, cosine=0.3),
        candidate(B, is_message=True, asks=False, bm25=2.0, cosine=0.3),
    ]
    looked_up = [hit.score for _, hit in fuse(found, EVEN, near={A, B})]
    asked = fuse(found, replace(EVEN, asks=True), near={A, B})
    assert [hit.id for _, hit in asked] == [B, A]
    assert [hit.score for _, hit in asked] == pytest.approx([looked_up[0], QUESTION * looked_up[0]])


def test_the_ratio_goes_from_words_alone_to_meaning_alone():
    words = blend(sigma=0.1, characters_per_piece=5, semantic_ratio=0)
    meaning = blend(sigma=0.1, characters_per_piece=5, semantic_ratio=1)
    assert (words.semantic, meaning.lexical) == (0, 0)
    assert fuse([candidate(A, bm25=3.0, cosine=0.9)], meaning, near={A})[0][1].match == (
        "semantic",
    )


def test_equal_texts_collapse_into_the_best_and_name_the_others():
    pairs = [
        (candidate(A, text_hash=b"same"), Listed(A, 3.0, ("lexical",))),
        (candidate(B, text_hash=b"same"), Listed(B, 2.0, ("lexical",))),
        (candidate(C), Listed(C, 1.0, ("lexical",))),
    ]
    assert collapse(pairs, group_by="none") == [
        Listed(A, 3.0, ("lexical",), same=(B,)),
        Listed(C, 1.0, ("lexical",)),
    ]


def test_grouping_keeps_the_best_passage_of_each_file():
    pairs = [
        (candidate(A, item_id=C), Listed(A, 3.0, ("lexical",))),
        (candidate(B, item_id=C), Listed(B, 2.0, ("lexical",))),
        (candidate(C, item_id=C, is_message=True), Listed(C, 1.0, ("lexical",))),
    ]
    assert [listed.id for listed in collapse(pairs, group_by="file")] == [A, C]


def test_a_group_keeps_as_many_as_are_asked_for():
    pairs = [
        (candidate(UUID(int=n), item_id=C), Listed(UUID(int=n), 9.0 - n, ("lexical",)))
        for n in range(4)
    ]
    kept = collapse(pairs, group_by="file", group_limit=3)
    assert [listed.id.int for listed in kept] == [0, 1, 2]
    assert len(collapse(pairs, group_by="none", group_limit=1)) == 4


def test_found_by_both_legs_comes_before_found_by_one():
    both = candidate(C, bm25=1.0, cosine=0.3)
    one, other = candidate(A, bm25=1.0, cosine=0.0), candidate(B, cosine=0.3)
    ranked = fuse([one, other, both], EVEN, near={B, C})
    assert [listed.id for _, listed in ranked] == [C, B, A]


def test_messages_found_close_together_come_before_one_found_alone():
    alone = candidate(A, item_id=C, is_message=True, bm25=3.1, seq=40)
    pair = [
        candidate(B, item_id=C, is_message=True, bm25=3.0, seq=2),
        candidate(C, item_id=C, is_message=True, bm25=2.0, seq=3),
    ]
    ranked = [hit for _, hit in fuse([alone, *pair], LEXICAL_ALONE, near=())]
    assert [hit.id for hit in ranked] == [B, A, C]
    assert [hit.borrowed for hit in ranked] == pytest.approx([2 * LENT, 0, 2 * MOST])
    assert [hit.score for hit in ranked] == pytest.approx([3 + 2 * LENT, 3.1, 2 + 2 * MOST])


def test_recency_adds_its_points_to_what_is_new_and_halves_them():
    weights = replace(LEXICAL_ALONE, recency=2.0)
    found = [
        candidate(A, bm25=3.0, age_days=2.0 * HALF_LIFE_DAYS),
        candidate(B, bm25=2.0, age_days=-0.5),
        candidate(C, bm25=1.0, age_days=float(HALF_LIFE_DAYS)),
    ]
    ranked = fuse(found, weights, near=())
    assert [(hit.id, hit.score, hit.recent) for _, hit in ranked] == [
        (B, 4.0, 2.0),
        (A, 3.5, 0.5),
        (C, 2.0, 1.0),
    ]
    assert [hit.recent for _, hit in fuse(found, LEXICAL_ALONE, near=())] == [0.0, 0.0, 0.0]
