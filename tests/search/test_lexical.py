from math import log

import pytest

from search.lexical import (
    Lengths,
    Term,
    Weighed,
    all_terms,
    conditions,
    has_positive_condition,
    lengths_of,
    query_terms,
    quoted,
    rare_patterns,
    scoring_values,
    title_words,
    weigh,
)
from search.query import parse
from search.terms import document

EN = ("en",)


def terms_of(q, langs=EN):
    return [(term.lexemes, term.count) for term in query_terms(parse(q), langs)]


def weighed_of(q, counts, total=100_000):
    return weigh(query_terms(parse(q), EN), counts, passage_count=total)


def test_a_term_is_its_stems_and_the_word_as_typed():
    assert terms_of("the Running houses") == [(("run", "running"), 1), (("hous", "houses"), 1)]
    assert terms_of("Häuser", ("de", "en")) == [(("haus", "hauser"), 1)]


def test_words_that_come_twice_count_twice():
    assert terms_of("cat dog cat") == [(("cat",), 2), (("dog",), 1)]


def test_stop_words_rank_only_alone():
    assert terms_of("who is the") == [(("who",), 1), (("is",), 1), (("the",), 1)]


def test_negated_words_do_not_rank_and_prefixes_do():
    found = query_terms(parse("cat -dog organ*"), EN)
    assert [(t.lexemes, t.is_prefix) for t in found] == [(("cat",), False), (("organ",), True)]
    assert found[1].tsquery() == "'organ':*"


@pytest.mark.parametrize(
    ("q", "tsquery"),
    [
        ("plain words", None),
        ('"last salary"', "('last' <-> 'salary')"),
        ("-cats", "!(('cat' | 'cats'))"),
        ("organiz*", "('organiz':*)"),
        ("cat OR dogs", "(('cat') | (('dog' | 'dogs')))"),
        ("(cat -dog) OR \"a b\"", "((('cat') & !('dog'))) | (('a' <-> 'b')))"),
        ('"东京都 x"', "('东京' <-> '京都' <2> 'x')"),
        ("-covid-19", "!('covid' <-> '19')"),
        ("-houses_2", "!(('hous' | 'houses') <-> '2')"),
        ("(foo_bar OR 东京都x)", "(('foo' <-> 'bar') | ('东京' <-> '京都' <2> 'x'))"),
    ],
)  # fmt: skip
async def test_phrases_groups_and_negations_are_conditions(owner_connection, q, tsquery):
    found = conditions(parse(q), EN)
    if tsquery is None:
        assert found is None
        return
    same = "SELECT $1::text::tsquery::text = $2::text::tsquery::text"
    assert found is not None
    tsquery = tsquery.replace("((('cat') & !('dog')))", "(((('cat') & !('dog')))")
    assert await owner_connection.fetchval(
        same, found.replace("<->", "<1>"), tsquery.replace("<->", "<1>")
    )


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("the office in COVID-19 times", True),
        ("covid 19 came", True),
        ("19 people had covid in 2020", False),
        ("covid in 19 offices", False),
    ],
)
async def test_a_word_of_parts_is_met_where_they_stand_together(owner_connection, text, matches):
    """`-covid-19` dropped whatever held both, however far apart."""
    condition = conditions(parse("(covid-19 OR nothing)"), EN)
    held = await owner_connection.fetchval(
        "SELECT $1::text::tsvector @@ $2::text::tsquery", document(text, "en").tsv, condition
    )
    assert held is matches


def test_only_what_narrows_by_itself_is_a_positive_condition():
    assert has_positive_condition(parse('"a phrase"'))
    assert not has_positive_condition(parse("word -other"))


def test_idf_is_lucenes_and_an_unknown_lexeme_is_rare():
    (known, unknown) = weighed_of("cat dog", {"cat": 10}, total=100)
    assert known.idf == pytest.approx(log(1 + 90.5 / 10.5))
    assert (unknown.ndoc, unknown.idf) == (1, pytest.approx(log(1 + 99.5 / 1.5)))


def test_the_word_as_typed_is_dropped_where_its_stem_is_common():
    (entry,) = weighed_of("houses", {"hous": 5_000, "houses": 4_000})
    assert entry.term.lexemes == ("hous",)
    (entry,) = weighed_of("houses", {"hous": 50, "houses": 40})
    assert entry.term.lexemes == ("hous", "houses")


def test_terms_become_parallel_columns():
    weighed = (Weighed(Term(("run", "running"), "running", "Running"), 1, 2.0),)
    lengths = Lengths(flat=0.5, steep=0.1)
    assert scoring_values(weighed, lengths=lengths) == {
        "wholes": ["('run' | 'running')"], "a": ("'run'",), "b": ("'running'",), "c": (None,), "d": (None,), "idfs": [2.0], "flat": 0.5, "steep": 0.1,
    }  # fmt: skip
    assert scoring_values((), lengths=lengths)["a"] == ()


def test_lengths_weigh_less_beside_meaning_than_where_words_rank_alone():
    alone, beside = (lengths_of(10.0, alone=alone) for alone in (True, False))
    assert (alone.flat, alone.steep) == pytest.approx((1.2 * 0.25, 1.2 * 0.75 / 10))
    assert (beside.flat, beside.steep) == pytest.approx((0.9 * 0.5, 0.9 * 0.5 / 10))
    assert lengths_of(0.0, alone=True).steep == pytest.approx(0.9)  # nothing was counted yet


def test_titles_are_asked_for_words_long_enough():
    weighed = weighed_of("Go REPORT", {})
    assert title_words(weighed) == [None, "report"]
    assert all_terms(weighed, "!C") == "'go' & 'report' & !C"
    assert all_terms((), None) is None


def test_quotes_and_backslashes_cannot_leave_a_lexeme():
    assert quoted("o'ne\\il") == "'o''ne\\\\il'"


def test_a_title_is_looked_for_by_the_rarest_words_that_it_cannot_do_without():
    def weighed(*idfs: float) -> list[Weighed]:
        words = ["apple", "pear", "plum", "fig_s"]
        return [Weighed(Term((w,), w, w), 1, idf) for w, idf in zip(words, idfs, strict=False)]

    assert rare_patterns(weighed(5.0, 8.0, 3.0), 9.6) == ["%pear%"]
    assert rare_patterns(weighed(5.0, 5.0, 5.0), 9.0) == ["%plum%", "%pear%"]
    assert rare_patterns(weighed(1.0, 1.0, 1.0, 9.0), 7.2) == ["%fig\\_s%"]
    assert rare_patterns([Weighed(Term(("of",), "of", "of"), 1, 4.0)], 2.4) == []
