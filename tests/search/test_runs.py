from search.runs import LONGEST, RunIndex

RUNS = {"Pensions,", "writeBoolean(x)", "Lunch", "pension", "x" * LONGEST + "-pension"}


def test_runs_that_hold_a_lexeme_are_found_new_or_known():
    index = RunIndex("en")
    for _ in range(2):
        assert index.holding(RUNS, {"pension", "nothing"}) == RUNS - {"Lunch", "writeBoolean(x)"}
        assert index.holding(RUNS, {"boolean"}) == {"writeBoolean(x)"}


def test_only_runs_asked_about_are_told():
    index = RunIndex("en")
    index.holding(RUNS, {"pension"})
    assert index.holding({"Lunch", "pension"}, {"pension"}) == {"pension"}


def test_a_full_index_starts_over_and_still_answers():
    index = RunIndex("en", most=2)
    for n in range(5):
        runs = {f"pension{n}", "pension", f"lunch{n}"}
        assert index.holding(runs, {"pension"}) == {"pension"}


def test_each_language_has_its_stems():
    assert RunIndex("de").holding({"Renten"}, {"rent"}) == {"Renten"}
    assert RunIndex("").holding({"Renten"}, {"rent"}) == set()
