from hypothesis import given
from hypothesis import strategies as st

from search.query import (
    MAX_CHARACTERS,
    MAX_FILTERS,
    MAX_TERMS,
    AnyOf,
    Filter,
    Not,
    Phrase,
    Prefix,
    Word,
    filter_problem,
    parse,
    plain,
    refusal,
)


def test_words_phrases_prefixes_and_negations_are_told_apart():
    query = parse('pension "last salary" retir* -widow -"old age"')
    assert query.clauses == (
        Word("pension"), Phrase("last salary"), Prefix("retir"), Not(Word("widow")), Not(Phrase("old age")),
    )  # fmt: skip
    assert query.words() == ("pension", "last salary", "retir")
    assert query.refused is None


def test_or_binds_tighter_than_the_space():
    assert parse("red OR green apple").clauses == (
        AnyOf(((Word("red"),), (Word("green"),))),
        Word("apple"),
    )
    assert parse("a1 OR b1 OR c1").clauses == (
        AnyOf(((Word("a1"),), (Word("b1"),), (Word("c1"),))),
    )


def test_a_group_is_one_option():
    assert parse("(tax law) OR statute").clauses == (
        AnyOf(((AnyOf(((Word("tax"), Word("law")),)),), (Word("statute"),))),
    )


def test_operators_become_filters_and_may_be_negated_and_quoted():
    query = parse('report from:ada -ext:pdf in:"board meeting" before:2026-03')
    assert query.filters == (
        Filter("from", "ada"), Filter("ext", "pdf", negated=True), Filter("in", "board meeting"),
        Filter("before", "2026-03"),
    )  # fmt: skip
    assert query.clauses == (Word("report"),)


def test_an_unknown_operator_is_text_and_a_warning():
    query = parse("site:link http://example.org 12:30 std::vector")
    assert query.clauses == tuple(
        map(Word, ("site:link", "http://example.org", "12:30", "std::vector"))
    )
    assert query.warnings == ("The operator site: is not known here; it was read as text.",)


def test_a_value_that_cannot_be_meant_is_text_and_a_warning():
    query = parse("before:soon x1")
    assert query.filters == ()
    assert query.clauses == (Word("before:soon"), Word("x1"))
    assert query.warnings == (filter_problem("before", "soon"),)


def test_what_to_look_for_cannot_be_negated():
    thing = "01a1fed2-b5cb-7e44-af7f-164aeaa07de2"
    assert parse(f"like:{thing} -near:{thing}").filters == (
        Filter("like", thing), Filter("near", thing, negated=True),
    )  # fmt: skip
    query = parse(f"-like:{thing} x")
    assert query.filters == ()
    assert query.warnings == ("like: is what to look for and cannot be negated.",)


def test_more_operators_than_can_be_used_are_told():
    query = parse("is:mine " * 40)
    assert len(query.filters) == MAX_FILTERS
    assert query.warnings == (f"Only the first {MAX_FILTERS} operators were used.",)


def test_dates_are_filters_that_wait_for_a_clock():
    query = parse('on:2026-03 last:7d -during:"last week"')
    assert query.filters == (
        Filter("on", "2026-03"), Filter("last", "7d"), Filter("during", "last week", negated=True),
    )  # fmt: skip


def test_unclosed_quotes_and_parentheses_read_to_the_end():
    assert parse('find "the lost (quote').clauses == (Word("find"), Phrase("the lost (quote"))
    assert parse("(left open").clauses == (AnyOf(((Word("left"), Word("open")),)),)


def test_a_short_prefix_is_a_word():
    query = parse("ab* abc*")
    assert query.clauses == (Word("ab"), Prefix("abc"))
    assert query.warnings == ("A prefix needs at least 3 characters: ab*",)


def test_bounds_cut_with_a_warning():
    query = parse(" ".join(f"word{n}" for n in range(50)) + "x" * 600)
    assert len(query.text) <= MAX_CHARACTERS
    assert len(query.words()) == MAX_TERMS
    assert len(query.warnings) == 2


def test_nothing_to_look_for_is_refused():
    assert parse("").refused == parse("?! ... --").refused == "There is no word to look for."
    assert (
        parse("-foo").refused
        == "A query that only excludes words needs a filter or a word to look for."
    )
    assert parse("-foo type:file").refused is None
    assert refusal(parse("type:file")) is None


def test_plain_text_has_no_operators():
    query = plain('what does -v do? "from:me" (or OR not)')
    assert query.words() == ("what", "does", "-v", "do?", '"from:me"', "(or", "OR", "not)")
    assert query.filters == ()


@given(st.text(max_size=700))
def test_every_text_has_a_reading_within_the_bounds(text):
    for query in (parse(text), plain(text)):
        assert len(query.words()) <= MAX_TERMS
        assert len(query.text) <= MAX_CHARACTERS
        assert (query.refused is None) == bool(query.words() or query.filters)


@given(st.text(alphabet='ab "()-*:OR.from', max_size=60))
def test_texts_of_metacharacters_have_a_reading(text):
    parse(text)
    parse("(" * 40 + text)


@given(
    st.sampled_from(["", "-"]),
    st.sampled_from(
        ["on", "last", "during", "before", "AFTER", "to", "x", "page", "size", "has", "near"]
    ),
    st.text(max_size=30) | st.from_regex(r"\d{1,5}[-hdwmy]\d{0,5}"),
)
def test_every_operator_with_any_value_has_a_reading(sign, op, value):
    for text in (f"{sign}{op}:{value}", f'{sign}{op}:"{value}"'):
        assert len(parse(text).text) <= MAX_CHARACTERS


def test_the_embedder_reads_the_text_itself_where_it_is_only_words():
    assert plain("one two two, three!").meaning() == "one two two, three!"
    assert parse('pension "last salary" -widow from:ada').meaning() == "pension last salary"
