"""The real model: known similarities, vectors that do not depend on their batch, and queries that do not wait."""

import asyncio

import numpy as np
import pytest

from search.embed import FLUENT, EmbedderSpec
from search.embed_onnx import Meta, OnnxEmbedder, batches_by_length, read_meta


@pytest.fixture(scope="session")
def minilm(model_dir):
    embedder = OnnxEmbedder(model_dir)
    yield embedder
    embedder.close()


async def test_similarities_are_those_that_the_model_is_known_for(minilm):
    """The example of sentence-transformers' own documentation for this model, to its four digits."""
    rows = await minilm.embed_documents(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert np.allclose(rows @ rows.T, expected, atol=6e-5)


async def test_a_vector_depends_neither_on_its_batch_nor_on_its_place(minilm):
    texts = [
        "short",
        "a text of some more words than that",
        "",
        "long " * 400,
        "x" * 300,
        "第二 \ud800",
    ]
    together = await minilm.embed_documents(texts)
    alone = [(await minilm.embed_documents([text]))[0] for text in texts]
    assert (together.dtype, together.shape) == (np.float32, (6, 384))
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)


async def test_a_query_in_bytes_stays_beside_the_passage_of_its_words_and_is_always_the_same(
    minilm,
):
    texts = ["lease", "when does the contract of the office in Zürich end?", "x" * 300]
    passages = await minilm.embed_documents(texts)
    first, again = [[(await minilm.embed_query(t)).vector for t in texts] for _ in range(2)]
    assert np.sum(passages * first, axis=1).min() > 0.996
    assert np.array_equal(first, again)


async def test_no_texts_give_no_rows(minilm):
    assert (await minilm.embed_documents([])).shape == (0, 384)


async def test_a_query_brings_its_characters_per_piece(minilm):
    assert (await minilm.embed_query("hello world")).characters_per_piece == 5.5


async def test_queries_do_not_wait_behind_documents(minilm):
    """Of a book of 200 passages no query sees more than its share of the cores."""
    passages = asyncio.create_task(minilm.embed_documents(["the sea was calm " * 60] * 200))
    await asyncio.sleep(0.1)
    for _ in range(20):
        await minilm.embed_query("how was the sea")
    assert not passages.done()
    passages.cancel()


async def test_a_message_does_not_wait_for_the_whole_book_of_another(minilm):
    book = asyncio.create_task(minilm.embed_documents(["the sea was calm " * 60] * 200))
    await asyncio.sleep(0.1)
    await minilm.embed_documents(["one message"])
    assert not book.done()
    book.cancel()


def test_the_folder_says_what_it_holds(model_dir):
    assert read_meta(model_dir) == Meta(EmbedderSpec("all-MiniLM-L6-v2", 384, 256), "", "")


@pytest.fixture(scope="session")
def e5(e5_dir):
    embedder = OnnxEmbedder(e5_dir)
    yield embedder
    embedder.close()


async def test_the_multilingual_model_finds_an_answer_in_another_language(e5):
    answers = ["The contract ends on 31 March.", "The sea was calm that night."]
    rows = await e5.embed_documents(answers)
    asked = await e5.embed_query("Wann läuft der Vertrag aus?")
    near, far = rows @ asked.vector
    assert near > far + 0.03
    assert asked.characters_per_piece == FLUENT


async def test_a_question_and_a_passage_of_the_same_words_have_other_vectors(e5):
    """The model was trained with a word before each text that says which of both it is."""
    [passage] = await e5.embed_documents(["the sea"])
    question = (await e5.embed_query("the sea")).vector
    assert 0.8 < float(passage @ question) < 0.999


def test_batches_hold_similar_lengths_within_256_tokens_and_8_rows():
    lengths = [10, 256, 9, 256, 256, 128, 128, 128, 128] + [3] * 9
    batches = [[lengths[place] for place in batch] for batch in batches_by_length(lengths)]
    assert batches == [[256], [256], [256], [128, 128], [128, 128], [10, 9] + [3] * 6, [3, 3, 3]]


def test_each_place_is_in_one_batch():
    lengths = [7, 600, 0, 5, 5]
    places = [place for batch in batches_by_length(lengths) for place in batch]
    assert sorted(places) == [0, 1, 2, 3, 4]
