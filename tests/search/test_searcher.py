from time import perf_counter

from search.searcher import Searcher, ms_since


def test_a_stage_is_told_in_milliseconds():
    assert 1_000 <= ms_since(perf_counter() - 1) < 60_000


def test_the_deadlines_are_those_of_the_legs():
    fields = Searcher.__dataclass_fields__
    assert fields["semantic_timeout_s"].default == 0.15
    assert fields["lexical_timeout_s"].default == 0.3


def test_a_patient_searcher_waits_longer_for_every_part(resources):
    usual = Searcher(
        search_pool=resources.search,
        read_pool=resources.app,
        embedder=None,
        redis=None,
        cursor_key=b"",
    )
    deadlines = [name for name in Searcher.__dataclass_fields__ if name.endswith("_timeout_s")]
    patient = usual.with_patience(10)
    assert [getattr(patient, name) for name in deadlines] == [
        10 * getattr(usual, name) for name in deadlines
    ]
