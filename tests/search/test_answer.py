import pytest

from search.answer import SearchRequest


def test_a_request_needs_only_its_words():
    request = SearchRequest(q="pension")
    assert (request.mode, request.semantic_ratio, request.sort, request.limit) == (
        "hybrid",
        0.5,
        "relevance",
        10,
    )


def test_a_request_is_a_value():
    assert SearchRequest(q="a") == SearchRequest(q="a")
    with pytest.raises(AttributeError):
        SearchRequest(q="a").q = "b"  # pyright: ignore[reportAttributeAccessIssue]
