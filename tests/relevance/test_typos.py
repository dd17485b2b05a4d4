"""A floor under corrections: what of a set's nDCG comes back when one word of each question is misspelt as people do."""

from pathlib import Path

import pytest

from bench.retrieval_sets import index_set, load_set
from bench.typos import Questions, read_misspellings
from search.real_words import load_real_words
from tests.make import make_scope
from tests.search.make import make_searcher

DATA = Path(__file__).parent.parent / "data"


@pytest.mark.timeout(300)
async def test_most_of_what_a_misspelt_word_costs_comes_back(
    resources, owner_connection, model_dir
):
    retrieval_set = load_set(DATA / "relevance/covid-faq-en")
    scope = await make_scope(owner_connection)
    known = await index_set(
        resources, owner_connection, scope, retrieval_set=retrieval_set, vectors=None
    )
    searcher = make_searcher(resources, real_words=load_real_words(model_dir))
    questions = Questions(searcher, scope, retrieval_set, known)
    misspellings = read_misspellings(DATA / "spelling/misspellings.tsv")
    measured = await questions.regained("lexical", misspellings)
    assert measured.as_asked - measured.misspelt > 0.03
    assert measured.share >= 0.85
    assert measured.right >= 0.70
    assert measured.changed <= 0.05
