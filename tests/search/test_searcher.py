from time import perf_counter

from search.searcher import Searcher, ms_since


def test_a_stage_is_told_in_milliseconds():
    assert 1_000 <= ms_since(perf_counter() - 1) < 60_000


def test_the_deadlines_are_those_of_the_legs():
    fields = Searcher.__dataclass_fields__
    assert fields["semantic_timeout_s"].default == 0.15
    assert fields["lexical_timeout_s"].default == 0.3
