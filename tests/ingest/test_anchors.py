import pytest

from ingest.anchors import LONGEST, clear_of_anchor


@pytest.mark.parametrize(
    ("text", "at", "clear"),
    [
        ("As shown [3, 17].", 12, 9),
        ("As shown [3, 17].", 15, 9),
        ("As shown [3, 17].", 9, 9),
        ("As shown [3, 17].", 16, 16),
        ("As shown [3, 17].", 4, 4),
        ("[3, 17] as shown", 4, 7),
        ("[3, 17]", 4, 4),
        ("[1] and [2, 3]", 11, 8),
        ("[1] and [2, 3]", 5, 5),
        ("[3, 17]\u0301 as shown", 4, 4),
        ("[never closed", 6, 6),
        ("[over\na line]", 3, 3),
        ("[", 1, 1),
        ("", 0, 0),
    ],
)
def test_a_cut_through_an_anchor_goes_beside_it(text: str, at: int, clear: int):
    assert clear_of_anchor(text, at) == clear


def test_an_anchor_at_the_floor_is_left_behind():
    assert clear_of_anchor("Shown [3, 17] here", 10, floor=6) == 13


def test_what_is_too_long_is_no_anchor():
    aside = f"[{'word ' * LONGEST}]"
    assert [clear_of_anchor(aside, at) for at in (30, 150, 290)] == [30, 150, 290]
