"""What bench/relevance.py tells: three measures of each way to rank a set, the gates, and a Markdown table of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Final, Literal

from search.metrics import ndcg_at_k, recall_at_k, reciprocal_rank

Way = Literal["bm25s", "lexical", "cosine", "semantic", "hybrid", "reranked"]
WAYS: Final[tuple[Way, ...]] = (
    "bm25s",
    "lexical",
    "cosine",
    "semantic",
    "hybrid",
    "reranked",
)
K: Final = 10
DEPTH: Final = 100
LEXICAL_OF_BM25S = 0.98
SEMANTIC_FROM_COSINE = 0.003  # halfvec, and equal texts that collapse
NEAR_LEGS = 0.15  # legs closer than this must not lose by fusion
LOSS = 0.005
SHARE_OF_BEST = 0.95
MEAN_GAIN = 0.024
CHAT_OF_BM25S = 1.7  # of questions to a channel, whose answers hardly share a word with them


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over the queries of a set."""

    ndcg: float
    recall: float
    mrr: float


def measured(
    run: Mapping[str, Sequence[str]], qrels: Mapping[str, Mapping[str, float]]
) -> Measured:
    """Return nDCG@10, recall@100 and MRR@10 of a run."""
    return Measured(
        mean(ndcg_at_k(found, qrels[query_id], k=K) for query_id, found in run.items()),
        mean(recall_at_k(found, qrels[query_id], k=DEPTH) for query_id, found in run.items()),
        mean(reciprocal_rank(found[:K], qrels[query_id]) for query_id, found in run.items()),
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """One set; bm25s is missing where it cannot cut the language into words, reranked where there is no model for it."""

    name: str
    ways: Mapping[Way, Measured]
    is_messages: bool = False
    has_parts: bool = False  # of one file, side by side
    queries: int = field(default=0, compare=False)

    def ndcg(self, way: Way) -> float:
        return self.ways[way].ndcg

    @property
    def gain(self) -> float:
        """Return how far the fusion is above the better leg."""
        return self.ndcg("hybrid") - max(self.ndcg("lexical"), self.ndcg("semantic"))

    def misses(self) -> list[str]:
        """Return the gates of this set that were missed."""
        return self._chat_misses() if self.is_messages else self._document_misses()

    def _document_misses(self) -> list[str]:
        lexical, semantic, hybrid = (self.ndcg(way) for way in ("lexical", "semantic", "hybrid"))
        near, bm25s = abs(lexical - semantic) < NEAR_LEGS, self.ways.get("bm25s")
        found = {
            "lexical below bm25s": bm25s is not None and lexical < LEXICAL_OF_BM25S * bm25s.ndcg,
            "semantic is not exact cosine": not self._is_cosine(semantic - self.ndcg("cosine")),
            "hybrid below the better leg": near and self.gain < -LOSS,
            "hybrid far below the better leg": not near and hybrid < SHARE_OF_BEST * max(lexical, semantic),
        }  # fmt: skip
        return [text for text, missed in found.items() if missed]

    def _is_cosine(self, over: float) -> bool:
        """Passages of one file lend each other scores (search/neighbours.py): they may be better than alone, not worse."""
        return over >= -SEMANTIC_FROM_COSINE and (self.has_parts or over <= SEMANTIC_FROM_COSINE)

    def _chat_misses(self) -> list[str]:
        """Held are the questions to a channel; the other sets of messages ask for a line by its words."""
        if not self.name.startswith("irc-"):
            return []
        found = {
            f"hybrid below {CHAT_OF_BM25S} x bm25s": self.ndcg("hybrid") < CHAT_OF_BM25S * self.ndcg("bm25s"),
            "hybrid below the embedder alone": self.ndcg("hybrid") <= self.ndcg("cosine"),
        }  # fmt: skip
        return [text for text, missed in found.items() if missed]


def report(scores: Sequence[Scores], *, whole: bool) -> int:
    """Print the tables and the gates; return the exit status. Only a whole run has a mean gain to hold."""
    for title, pick in MEASURES.items():
        print(f"\n{title}\n\n{table(scores, pick)}")
    misses = [f"{entry.name}: {text}" for entry in scores for text in entry.misses()]
    gains = [entry.gain for entry in scores if not entry.is_messages]
    if gains:
        print(f"\nmean gain of the fusion over the better leg, documents: {mean(gains):+.4f}")
    if whole and mean(gains) < MEAN_GAIN:
        misses.append(f"mean gain {mean(gains):.4f} below {MEAN_GAIN}")
    print("\n".join(f"missed: {miss}" for miss in misses) or "every gate is met")
    return 1 if misses else 0


MEASURES: Final[Mapping[str, Callable[[Measured], float]]] = {
    "nDCG@10": lambda m: m.ndcg,
    "recall@100": lambda m: m.recall,
    "MRR@10": lambda m: m.mrr,
}


def table(scores: Sequence[Scores], pick: Callable[[Measured], float]) -> str:
    """Return a Markdown table of one measure; ways that no set has are left out."""
    ways: list[Way] = [way for way in WAYS if any(way in entry.ways for entry in scores)]
    head = f"| set | queries | {' | '.join(ways)} |\n|{' --- |' * (len(ways) + 2)}"
    return "\n".join([head, *(row(entry, ways, pick) for entry in scores)])


def row(entry: Scores, ways: Sequence[Way], pick: Callable[[Measured], float]) -> str:
    cells = [f"{pick(entry.ways[way]):.4f}" if way in entry.ways else "-" for way in ways]
    return f"| {entry.name} | {entry.queries} | {' | '.join(cells)} |"
