from collections.abc import Iterator

import pytest

from ingest.extract.opening import OPENING, opened


def texts(count: int, seen: list[int]) -> Iterator[str]:
    for n in range(count):
        seen.append(n)
        yield "x" * 1000


def test_the_opening_is_read_ahead_and_nothing_is_lost():
    seen: list[int] = []
    rest = opened(texts(100, seen))
    assert len(seen) == OPENING // 1000
    assert sum(map(len, rest)) == 100_000


def test_a_short_text_is_read_whole_and_its_errors_are_raised_at_once():
    def broken() -> Iterator[str]:
        yield "x"
        raise ValueError("broken")

    assert list(opened(iter(["a", "b"]))) == ["a", "b"]
    with pytest.raises(ValueError, match="broken"):
        opened(broken())
