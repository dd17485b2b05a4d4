from api.search.answers import found_json
from search.answer import (
    Correction,
    Coverage,
    Facet,
    FacetValue,
    Page,
    QueryEcho,
    SearchAnswer,
    Timing,
)


def test_an_answer_is_written_as_the_contract_says():
    answer = SearchAnswer(
        query=QueryEcho("x", (), (), "en", (Correction("y", "x"),), "x"),
        hits=(),
        facets={"type": Facet((FacetValue("file", "file", 4),), True)},
        page=Page(None, False, 0),
        coverage=Coverage(1, 2, 3, "exact"),
        degraded=("semantic",),
        timing_ms=Timing(6.5, 1, 2, 3, 0.25, 0.25),
        index_seq=7,
    )
    assert found_json(answer, "req_1") == (
        '{"query":{"text":"x","filters":[],"warnings":[],"lang":"en",'
        '"corrections":[{"word":"y","correction":"x","applied":true}],"corrected_text":"x"},"hits":[],'
        '"facets":{"type":{"values":[{"value":"file","label":"file","count":4}],"is_exact":true}},'
        '"page":{"next_cursor":null,"has_more":false,"estimated_total":0},'
        '"coverage":{"pending":1,"no_text":2,"failed":3,"recall":"exact"},"degraded":["semantic"],'
        '"timing_ms":{"total":6.5,"embed":1.0,"lexical":2.0,"semantic":3.0,"fuse":0.25,"hydrate":0.25},'
        '"index_seq":7,"request_id":"req_1"}'
    )
