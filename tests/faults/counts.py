"""How often a fault is tried: a few times in every run of the tests, as often as docs/faults.md says by `make faults`."""

import os
from typing import Final

FULL: Final = os.environ.get("RECOLLECT_FAULTS") == "full"


def times(usual: int, *, full: int) -> int:
    """Return how often to try it in this run."""
    return full if FULL else usual
