from uuid import UUID

from llm.options import ReplyOptions, read_options


def test_a_request_that_says_nothing_has_the_defaults():
    assert read_options("{}") == ReplyOptions()
    assert read_options("") == ReplyOptions()
    assert read_options('{"retrieve": null}') == ReplyOptions()


def test_every_option_is_read():
    text = (
        '{"model": "x", "stream": true, "max_tokens": 7, "citations": "off", "abstain": false,'
        ' "retrieve": {"q": "keys", "filters": ["type:file"], "k": 3, "mode": "lexical",'
        ' "sources": "files", "files": ["00000000-0000-0000-0000-000000000007"], "context_tokens": 500}}'
    )
    assert read_options(text) == ReplyOptions(
        "keys", ("type:file",), 3, "lexical", 7, "off", False, "files", (UUID(int=7),), 500
    )
