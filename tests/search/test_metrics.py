from math import log2

import pytest

from search.metrics import ndcg_at_k, recall_at_k, reciprocal_rank


def test_ndcg_discounts_by_rank_and_compares_with_the_ideal_order():
    qrels = {"a": 2.0, "b": 1.0}
    assert ndcg_at_k(["a", "b"], qrels, k=10) == 1.0
    assert ndcg_at_k(["x", "a"], qrels, k=10) == pytest.approx((2 / log2(3)) / (2 + 1 / log2(3)))
    assert ndcg_at_k(["a"], {}, k=10) == 0.0


def test_recall_is_the_share_found_among_the_first_k():
    assert recall_at_k(["a", "x", "b"], {"a": 1, "b": 1, "c": 0}, k=2) == 0.5
    assert recall_at_k([], {}, k=2) == 0.0


def test_reciprocal_rank_is_that_of_the_first_relevant():
    assert reciprocal_rank(["x", "a"], {"a": 1}) == 0.5
    assert reciprocal_rank(["x"], {"a": 1}) == 0.0
