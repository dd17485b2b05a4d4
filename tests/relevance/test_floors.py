"""Floors under the ranking, on real judged questions.

They stand a little below what was measured: a change that crosses one has made search worse, or says here why not.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.relevance import Bench, document_vectors
from bench.retrieval_sets import load_set
from search.embed_onnx import OnnxEmbedder

DATA = Path(__file__).parent.parent / "data/relevance"


@pytest.fixture(scope="module")
def minilm(model_dir):
    embedder = OnnxEmbedder(model_dir)
    yield embedder
    embedder.close()


async def scores_of(resources, owner, name, embedder):
    retrieval_set = load_set(DATA / name)
    vectors = await document_vectors(retrieval_set, embedder)
    return await Bench(replace(resources, embedder=embedder), owner, retrieval_set, vectors).run()


@pytest.mark.timeout(300)
async def test_questions_find_their_answers_by_words_by_meaning_and_best_by_both(
    resources, owner_connection, minilm
):
    scores = await scores_of(resources, owner_connection, "covid-faq-en", minilm)
    assert scores.misses() == []
    assert scores.lexical >= 0.60
    assert scores.semantic >= 0.66
    assert scores.hybrid >= 0.71
    assert scores.gain >= 0.03


@pytest.mark.timeout(300)
async def test_code_is_found_by_the_parts_of_its_names(resources, owner_connection):
    scores = await scores_of(resources, owner_connection, "anthropic-codebase", resources.embedder)
    assert scores.bm25s is not None
    assert scores.lexical >= scores.bm25s + 0.05
    assert scores.lexical >= 0.70


@pytest.mark.timeout(300)
async def test_words_are_stemmed_in_their_own_language(resources, owner_connection):
    scores = await scores_of(resources, owner_connection, "xquad-de", resources.embedder)
    assert scores.bm25s is not None
    assert scores.lexical >= 0.98 * scores.bm25s
    assert scores.lexical >= 0.90
