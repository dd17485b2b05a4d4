"""What a ranking is held against, made from the same texts and the same questions: bm25s and exact cosine.

bm25s: Lucene's variant, k1 1.5, b 0.75, Snowball stems and stop words; of messages it reads the author too. What shares no
word with the query is no answer of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

from bench.message_sets import MessageSet
from bench.retrieval_sets import RetrievalSet
from search.embed import Embedder, Matrix
from search.query import plain
from search.semantic import VectorCache
from search.terms import detect, stemmer, stop_words

Run = Mapping[str, Sequence[str]]


def bm25s_run(retrieval_set: RetrievalSet, *, depth: int) -> Run | None:
    """Return the run of bm25s; None for a language that it does not cut into words."""
    lang = Counter(map(detect, retrieval_set.documents.values())).most_common(1)[0][0] or "en"
    if lang == "zh":
        return None
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(_cut(_texts(retrieval_set), lang), show_progress=False)
    asked = _cut(retrieval_set.queries.values(), lang)
    run: dict[str, Sequence[str]] = {}
    for query_id, words in zip(retrieval_set.queries, asked, strict=True):
        scores = index.get_scores(words) if words else np.zeros(len(retrieval_set.documents))
        run[query_id] = _best(retrieval_set, query_id, np.where(scores > 0, scores, -np.inf), depth)
    return run


async def cosine_run(
    retrieval_set: RetrievalSet, vectors: Matrix, embedder: Embedder, *, cache: VectorCache, depth: int
) -> Run:  # fmt: skip
    """Return the nearest documents of each query, by numpy."""
    run: dict[str, Sequence[str]] = {}
    for query_id, text in retrieval_set.queries.items():
        asked = await cache.embed(embedder, plain(text).meaning())
        run[query_id] = _best(retrieval_set, query_id, vectors @ asked.vector, depth)
    return run


def _texts(retrieval_set: RetrievalSet) -> list[str]:
    if not isinstance(retrieval_set, MessageSet):
        return list(retrieval_set.documents.values())
    return [f"{retrieval_set.authors[id_]} {text}" for id_, text in retrieval_set.documents.items()]


def _cut(texts: Iterable[str], lang: str) -> list[list[str]]:
    tokens = bm25s.tokenize(
        list(texts), stopwords=sorted(stop_words(lang)), return_ids=False, show_progress=False
    )
    return [[stemmer(lang).stemWord(str(token)) for token in row] for row in tokens]


def _best(
    retrieval_set: RetrievalSet, query_id: str, scores: NDArray[np.floating], depth: int
) -> list[str]:
    """Return the documents with the highest scores, of those that may answer, equal ones in their order."""
    ids = list(retrieval_set.documents)
    if isinstance(retrieval_set, MessageSet):
        scores = np.where(retrieval_set.allowed(query_id), scores, -np.inf)
    order = np.argsort(-scores, kind="stable")[:depth]
    return [ids[n] for n in order if scores[n] > -np.inf]
