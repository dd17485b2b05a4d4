from core.changes import ring_change
from core.ids import new_id

PATIENCE_S = 30


async def test_a_ring_wakes_who_listens_to_the_conversation_and_says_how_far_it_has_got(resources):
    talk, heard = new_id(), Heard()
    with (
        resources.feed.told(f"conversation:{talk}", heard),
        resources.feed.listen(f"conversation:{talk}") as ear,
    ):
        while not heard.seqs:  # until the shared reader listens
            await ring_change(resources.redis, talk, 7)
            await ear.heard(within_s=PATIENCE_S)
        assert set(heard.seqs) <= {0, 7}


class Heard:
    def __init__(self) -> None:
        self.seqs: list[int] = []

    def wake(self, seq: int) -> None:
        self.seqs.append(seq)

    def hear(self, message: str) -> None:
        raise AssertionError(message)
