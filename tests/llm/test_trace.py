from uuid import UUID

import orjson

from llm.catalogue import Price
from llm.chat import Image, Usage
from llm.images import Picture
from llm.options import ReplyOptions
from llm.prompt import build_prompt
from llm.retrieval import Found, Wanted
from llm.spent import asked_tokens
from llm.trace import TracedQuery, Wording, as_json, told, traced
from tests.llm.make_source import make_source

WANTED = Wanted("and in May?", "revenue in May", UUID(int=1), ReplyOptions())
QUERY = TracedQuery("and in May?", "revenue in May", "by the model")
WORDING = Wording(QUERY, Usage(30, 4), 1.5)


def test_passages_are_told_without_their_text():
    data = orjson.loads(told(Found(), [make_source("The river.")], query=QUERY))
    (passage,) = data["passages"]
    assert (passage["ref"], passage["pages"], "text" in passage) == (1, [3, 4], False)
    assert data["query"] == {"text": "revenue in May", "by": "by the model"}


def test_a_trace_holds_no_word_of_a_source():
    prompt = build_prompt("Which river?", [make_source("The secret river.")])
    trace = traced(Found(), prompt, wording=WORDING, wanted=WANTED, price=Price(1, 10))
    kept = orjson.loads(as_json(trace))
    assert "secret" not in as_json(trace)
    assert kept["query"] == {
        "asked": "and in May?",
        "text": "revenue in May",
        "by": "by the model",
    }
    assert (kept["prompt_sha256"], kept["turns"]) == (prompt.sha256, 0)
    assert kept["given_tokens"] == 34 + asked_tokens(prompt.messages)
    assert kept["price"] == {"input_usd": 1, "output_usd": 10}


def test_an_image_is_traced_by_what_it_is_and_never_by_its_name_or_bytes():
    image = Image("image/png", b"secret bytes")
    picture = Picture(UUID(int=2), 3, "secret.png", "image/png", 12, "shown", image, 9)
    prompt = build_prompt("Who?", [], pictures=[picture])
    text = as_json(traced(Found(), prompt, wording=WORDING, wanted=WANTED, price=None))
    assert orjson.loads(text)["images"] == [
        {
            "file_id": str(UUID(int=2)),
            "version": 3,
            "media_type": "image/png",
            "size_bytes": 12,
            "fate": "shown",
        }
    ]
    assert "secret" not in text
