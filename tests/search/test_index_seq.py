import asyncio

from search.index_seq import Raised, note_raised, noting_raised


async def test_what_is_raised_is_known_where_it_was_noted_and_nowhere_else():
    note_raised(1)
    with noting_raised() as outer:
        assert outer == Raised(None)
        await asyncio.create_task(_raise(2))
        with noting_raised() as inner:
            note_raised(3)
        assert (outer.index_seq, inner.index_seq) == (2, 3)
        note_raised(4)
    note_raised(5)
    assert outer.index_seq == 4


async def _raise(index_seq):
    note_raised(index_seq)
