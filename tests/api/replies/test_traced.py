import orjson

from api.replies.traced import read_trace
from llm.chat import Part
from llm.options import ReplyOptions
from llm.prompt import build_prompt
from llm.retrieval import Found
from llm.trace import as_json, traced
from tests.llm.make_source import make_source
from tests.llm.test_trace import QUERY, WANTED, WORDING


def test_what_a_run_keeps_is_read_again():
    source = make_source("The river.")
    part = Part(source.passage_id, 0, 10, 3, 4)
    prompt = build_prompt("Which river?", [source])
    trace = traced(Found(), prompt, wording=WORDING, wanted=WANTED, price=None)
    kept = read_trace(as_json(trace))
    assert kept is not None
    assert (kept.query.text, kept.options.k) == (QUERY.text, ReplyOptions().k)
    with_part = orjson.loads(as_json(trace)) | {"packed": [[str(part.passage_id)]]}
    again = read_trace(as_json(with_part))
    assert again is not None
    assert again.ref_of(part.passage_id) == 1


def test_a_run_without_a_trace_or_with_an_older_one_has_none():
    assert read_trace("") is None
    assert read_trace('{"passages": []}') is None
