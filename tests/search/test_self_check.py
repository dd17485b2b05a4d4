import numpy as np
import pytest

from search.embed import FakeEmbedder
from search.self_check import Sample, draw_sample, question_of, self_recall
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (
            "Short. The harbour opens at dawn. It closes again late at night.",
            "It closes again late at night.",
        ),
        (
            "第一句话。这个港口在黎明时分对所有的船只开放而且免费。",
            "这个港口在黎明时分对所有的船只开放而且免费。",
        ),
        ("One sentence that is the whole of its passage.", ""),
        ("a\nb", ""),
        ("", ""),
    ],
)
def test_a_question_is_a_sentence_but_not_the_whole_text(text, question):
    assert question_of(text) == question


def test_a_question_counts_when_fewer_than_ten_of_others_are_nearer():
    vectors = np.eye(40, dtype=np.float32)
    queries = [vectors[place] for place in range(30)]
    found = Sample(vectors, tuple(range(30)), ("?",) * 30)
    lost = Sample(vectors, tuple(range(30))[::-1], ("?",) * 30)
    assert self_recall(found, queries) == 1.0
    assert self_recall(lost, queries) == 1.0  # only one other is nearer
    beaten = np.vstack([np.zeros((1, 40)), np.ones((39, 40))]).astype(np.float32)
    assert self_recall(Sample(beaten, (0,) * 30, ("?",) * 30), queries) == 0.0


def test_few_questions_say_nothing():
    assert self_recall(Sample(np.eye(3, dtype=np.float32), (0,), ("?",)), [np.eye(3)[0]]) is None


async def test_the_sample_is_the_same_for_each_generation_and_holds_texts_of_files_and_messages(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    said = "Yes. The ferry leaves the northern pier at seven."
    await make_message(resources, owner_connection, scope, conversation_id=talk, content=said)
    written = "No. The lighthouse keeper counts the ships each evening."
    await make_file(resources, owner_connection, scope, name="a.txt", passages=[written])
    samples = []
    for _ in range(2):
        generation_id = await embed_all(resources, owner_connection, scope)
        async with resources.worker.tenant_tx(scope.workspace_id) as conn:
            samples.append(await draw_sample(conn, scope.workspace_id, generation_id=generation_id))
    assert sorted(samples[0].questions) == [
        "The ferry leaves the northern pier at seven.",
        "The lighthouse keeper counts the ships each evening.",
    ]
    assert samples[0].questions == samples[1].questions
    texts = [{"The ferry": said, "The light": written}[q[:9]] for q in samples[0].questions]
    rows = await FakeEmbedder().embed_documents(texts)
    assert np.allclose(samples[0].vectors[list(samples[0].places)], rows, atol=1e-3)
