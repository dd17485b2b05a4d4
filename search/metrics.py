"""How good a ranking is, against judged passages (qrels: id -> grade, 0 or absent is not relevant).

nDCG with linear gain (Järvelin & Kekäläinen, TOIS 2002, as trec_eval computes it), recall and reciprocal rank.
"""

from collections.abc import Mapping, Sequence
from math import log2


def ndcg_at_k(run: Sequence[str], qrels: Mapping[str, float], *, k: int) -> float:
    """Return 0-1; a query without relevant passages scores 0."""
    ideal = _dcg(sorted(qrels.values(), reverse=True)[:k])
    return _dcg([qrels.get(passage_id, 0.0) for passage_id in run[:k]]) / ideal if ideal else 0.0


def recall_at_k(run: Sequence[str], qrels: Mapping[str, float], *, k: int) -> float:
    """Return the share of the relevant passages that are among the first k."""
    relevant = {passage_id for passage_id, grade in qrels.items() if grade > 0}
    return len(relevant & set(run[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(run: Sequence[str], qrels: Mapping[str, float]) -> float:
    """Return 1 / rank of the first relevant passage, or 0."""
    for rank, passage_id in enumerate(run, start=1):
        if qrels.get(passage_id, 0) > 0:
            return 1 / rank
    return 0.0


def _dcg(grades: Sequence[float]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
