import re

from llm.grammar import answer_grammar


def test_a_claim_ends_in_the_marker_of_a_source_that_there_is():
    assert answer_grammar([1, 3, 12]) == (
        "root ::= claim ([ \\n] claim){0,7}\n"
        'claim ::= [^\\[\\]\\n]{8,400} marker marker? "."?\n'
        'marker ::= "[1]" | "[3]" | "[12]"'
    )


def test_each_number_of_a_source_is_there_once_and_no_other():
    for count in (1, 5, 40):
        refs = list(range(1, count + 1))
        *_, markers = answer_grammar(refs).splitlines()
        assert [int(number) for number in re.findall(r"\d+", markers)] == refs
