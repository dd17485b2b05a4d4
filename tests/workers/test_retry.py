from random import Random

import pytest

from core.errors import InvalidInput, PermanentFailure, ProviderAway, StorageFull, Unavailable
from workers.main import RETRY
from workers.retry import CAP_S, Decision, backoff_s, decide


class Highest(Random):
    """Draws the upper end of every range."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_the_ceiling_doubles_up_to_a_quarter_of_an_hour():
    assert [backoff_s(n, Highest()) for n in (1, 2, 3, 8, 9, 1000)] == [4, 8, 16, 512, CAP_S, CAP_S]


def test_the_wait_is_drawn_between_nothing_and_the_ceiling():
    drawn = [backoff_s(5, Random(seed)) for seed in range(200)]
    assert min(drawn) < 3
    assert 61 < max(drawn) <= 64


@pytest.mark.parametrize(
    ("error", "attempts", "decision"),
    [
        (PermanentFailure("encrypted", "It is encrypted."), 1, Decision("fail")),
        (InvalidInput("no"), 1, Decision("fail")),
        (ProviderAway("away", retry_after_s=40), 99, Decision("wait", CAP_S)),
        (ProviderAway("away", retry_after_s=40), 1, Decision("wait", 40)),
        (Unavailable("reset"), 1, Decision("retry", 4)),
        (Unavailable("429", retry_after_s=100), 1, Decision("retry", 100)),
        (Unavailable("429", retry_after_s=1e9), 1, Decision("retry", CAP_S)),
        (StorageFull("full"), 19, Decision("retry", CAP_S)),
        (StorageFull("full"), 20, Decision("dead")),
        (ZeroDivisionError(), 4, Decision("retry", 32)),
        (ZeroDivisionError(), 5, Decision("dead")),
    ],
    ids=str,
)
def test_what_follows_an_error(error, attempts, decision):
    assert decide(RETRY, error, attempts=attempts, rng=Highest()) == decision
