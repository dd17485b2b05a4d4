"""When to try a failed job again. Pure: the table of rules is in main.py, the random source is given.

Full jitter over a doubling ceiling, so that jobs that failed together do not come back together (Brooker, "Exponential
Backoff And Jitter", AWS 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from core.errors import Unavailable

BASE_S = 2.0
CAP_S = 900.0
Outcome = Literal["fail", "retry", "wait"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows an error of this class: `fail` at once, `retry` up to `attempts`, or `wait` without spending any."""

    error: type[BaseException]
    outcome: Outcome
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome | Literal["dead"]
    wait_s: float = 0.0


def decide(rules: Sequence[Rule], error: BaseException, *, attempts: int, rng: Random) -> Decision:
    """Return what the first rule that fits the error says, after `attempts` tries."""
    rule = next(rule for rule in rules if isinstance(error, rule.error))
    if rule.outcome == "fail":
        return Decision("fail")
    if rule.outcome == "retry" and attempts >= rule.attempts:
        return Decision("dead")
    return Decision(rule.outcome, max(backoff_s(attempts, rng), _asked_for(error)))


def backoff_s(attempts: int, rng: Random) -> float:
    """Return a wait between 0 and the ceiling, which doubles with each attempt."""
    return rng.uniform(0, min(CAP_S, BASE_S * 2 ** min(attempts, 30)))


def _asked_for(error: BaseException) -> float:
    """Return the Retry-After of the error, at most the cap."""
    asked = error.retry_after_s if isinstance(error, Unavailable) else None
    return min(asked or 0.0, CAP_S)
