from uuid import UUID

import pytest

from search.neighbours import FADE, LENT, MOST, REACH, Place, borrowed

A, B = (UUID(int=n) for n in (1, 2))


def test_messages_lend_to_those_around_them_the_nearer_the_more():
    gains = borrowed([Place(A, 7, 10.0), Place(A, 6, 1.0), Place(A, 10, 2.0)])
    assert gains == pytest.approx([LENT + LENT * FADE**2 * 2, MOST * 1.0, MOST * 2])


def test_nobody_lends_across_conversations_files_or_beyond_the_reach():
    places = [Place(A, 1, 5.0), Place(B, 2, 5.0), Place(A, 2 + REACH, 5.0), Place(A, None, 5.0)]
    assert borrowed(places) == [0, 0, 0, 0]


def test_a_message_gains_a_fifth_of_its_own_score_at_most():
    crowd = [Place(A, seq, 10.0) for seq in range(1, 10)]
    assert max(borrowed(crowd)) == pytest.approx(MOST * 10)


def test_parts_of_one_message_lend_as_one_and_nothing_to_each_other():
    assert borrowed([Place(A, 1, 4.0), Place(A, 1, 3.0)]) == [0, 0]
    assert borrowed([Place(A, 1, 4.0), Place(A, 1, 3.0), Place(A, 2, 9.0)])[2] == pytest.approx(
        LENT * 4
    )


def test_what_scores_below_nothing_neither_lends_nor_borrows():
    assert borrowed([Place(A, 1, -2.0), Place(A, 2, 3.0)]) == [0, 0]
