from uuid import UUID

import pytest

from search.index import remove_message
from search.neighbours import (
    AROUND_ANSWERS,
    AROUND_FINDS,
    FADE,
    REACH,
    TOWARDS,
    Place,
    borrowed,
)
from tests.make import make_scope
from tests.search.make import (
    make_conversation,
    make_file,
    make_message,
    make_searcher,
    ranked,
)

A, B = (UUID(int=n) for n in (1, 2))
LENT, MOST = AROUND_FINDS.lent, AROUND_FINDS.most


def test_messages_lend_to_those_around_them_the_nearer_the_more():
    gains = borrowed([Place(A, 7, 10.0), Place(A, 6, 1.0), Place(A, 10, 2.0)])
    assert gains == pytest.approx([LENT + LENT * FADE**2 * 2, MOST * 1.0, MOST * 2])


def test_nobody_lends_across_conversations_or_beyond_the_reach():
    places = [Place(A, 1, 5.0), Place(B, 2, 5.0), Place(A, 2 + REACH, 5.0)]
    assert borrowed(places) == [0, 0, 0]


def test_a_passage_of_a_file_is_drawn_towards_the_better_one_beside_it():
    scores = {1: 2.0, 2: 8.0, 3: 4.0, 4: 6.0, 6: 1.0, 7: -1.0}
    places = [Place(A, seq, score, is_message=False) for seq, score in scores.items()]
    assert borrowed(places) == pytest.approx([TOWARDS * 6, 0, TOWARDS * 4, 0, 0, 0])


def test_a_message_gains_a_fifth_of_its_own_score_at_most():
    crowd = [Place(A, seq, 10.0) for seq in range(1, 10)]
    assert max(borrowed(crowd)) == pytest.approx(MOST * 10)


def test_more_is_lent_around_the_answers_to_a_question():
    places = [Place(A, 1, 10.0), Place(A, 2, 20.0)]
    assert borrowed(places, lending=AROUND_ANSWERS) == pytest.approx([4.0, 3.0])
    assert borrowed(places) == pytest.approx([2.0, 1.5])


def test_parts_of_one_message_lend_as_one_and_nothing_to_each_other():
    assert borrowed([Place(A, 1, 4.0), Place(A, 1, 3.0)]) == [0, 0]
    assert borrowed([Place(A, 1, 4.0), Place(A, 1, 3.0), Place(A, 2, 9.0)])[2] == pytest.approx(
        LENT * 4
    )


def test_what_scores_below_nothing_neither_lends_nor_borrows():
    assert borrowed([Place(A, 1, -2.0), Place(A, 2, 3.0)]) == [0, 0]


async def test_a_hit_lends_to_its_neighbour_only_while_it_is_one(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    posted = [
        await make_message(resources, owner_connection, scope, conversation_id=talk, content=text)
        for text in ("the printer jams", "open the printer tray", *["nothing"] * REACH, "a printer is loud")
    ]  # fmt: skip
    searcher = make_searcher(resources)

    async def borrowers(q: str) -> set[UUID]:
        ranking = await ranked(searcher, scope, q, mode="lexical")
        rows = await owner_connection.fetch(
            "SELECT id, message_id FROM passage WHERE workspace_id = $1", scope.workspace_id
        )
        messages = {row["id"]: row["message_id"] for row in rows}
        return {messages[hit.id] for hit in ranking.listed if hit.borrowed > 0}

    assert await borrowers("printer") == set(posted[:2])
    assert await borrowers("printer -jams") == set()
    assert await borrowers('"printer tray"') == set()
    async with resources.app.write_tx(scope) as conn:
        await remove_message(conn, scope.workspace_id, message_id=posted[0])
    assert await borrowers("printer") == set()


async def test_what_stands_beside_the_best_passage_of_a_file_comes_before_what_stands_alone(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    texts = ("the printer jams when its tray is empty", "a jam", "nothing", "printer")
    file_id = await make_file(resources, owner_connection, scope, name="manual", passages=texts)
    found = await ranked(make_searcher(resources), scope, "printer tray jams", mode="lexical")
    rows = await owner_connection.fetch(
        "SELECT id, ordinal FROM passage WHERE item_id = $1", file_id
    )
    ordinals = {row["id"]: row["ordinal"] for row in rows}
    assert [(ordinals[hit.id], hit.borrowed > 0) for hit in found.listed] == [
        (0, False), (1, True), (3, False),
    ]  # fmt: skip


async def test_who_asks_finds_what_answers_before_what_only_asks_as_well(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope)
    texts = ("does the printer jam?", *["nothing"] * REACH, "yes, the printer does jam")
    asked, *_, answer = [
        await make_message(resources, owner_connection, scope, conversation_id=talk, content=text)
        for text in texts
    ]
    passages = await owner_connection.fetch(
        "SELECT id, message_id FROM passage WHERE workspace_id = $1", scope.workspace_id
    )
    messages = {row["id"]: row["message_id"] for row in passages}
    found = {}
    for q in ("printer jam", "printer jam?"):
        ranking = await ranked(make_searcher(resources), scope, q, mode="lexical")
        found[q] = [messages[hit.id] for hit in ranking.listed]
    assert found == {"printer jam": [asked, answer], "printer jam?": [answer, asked]}
