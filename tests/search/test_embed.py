"""The fake keeps the promises of the Embedder: unit rows, input order, similar texts near."""

import numpy as np

from search.embed import FLUENT, Embedder, FakeEmbedder, unit_length


async def test_texts_that_share_words_are_near_and_others_are_not() -> None:
    fake: Embedder = FakeEmbedder()
    query = (await fake.embed_query("the backup of the database")).vector
    near, far = await fake.embed_documents(["restore a database backup", "lunch on Friday?"])
    assert query @ near > 0.4
    assert abs(query @ far) < 0.2


async def test_a_query_and_a_document_of_the_same_words_are_equal() -> None:
    query = await FakeEmbedder().embed_query("Naïve Straße 東京")
    [document] = await FakeEmbedder().embed_documents(["naïve STRASSE 東京!"])
    assert np.array_equal(query.vector, document)
    assert query.characters_per_piece == FLUENT


async def test_rows_have_unit_length_in_the_order_given_even_without_words() -> None:
    texts = ["one", "", "two two one", "..."]
    rows = await FakeEmbedder().embed_documents(texts)
    assert (rows.dtype, rows.shape) == (np.float32, (4, 384))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(rows[1], rows[3])
    assert rows[0] @ rows[2] < rows[2] @ rows[2]


async def test_no_texts_give_no_rows() -> None:
    assert (await FakeEmbedder().embed_documents([])).shape == (0, 384)


def test_unit_length_leaves_a_row_of_zeros_alone() -> None:
    rows = unit_length(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert rows.tolist() == [[np.float32(0.6), np.float32(0.8)], [0.0, 0.0]]
