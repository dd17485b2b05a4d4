import pytest

from api.search_fields import SearchBody, SearchParameters, read_facets, read_filter
from core.errors import InvalidInput
from search.answer import SearchRequest
from search.query import Filter


def test_every_field_of_a_request_can_be_asked_for():
    asked = set(SearchParameters.model_fields) - {"filter"}
    assert asked == set(SearchBody.model_fields) - {"filter"}
    assert asked == set(SearchRequest.__dataclass_fields__) - {"filters", "syntax"}
    assert SearchBody(q="x").request((), ()) == SearchRequest(q="x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from:ada", Filter("from", "ada")),
        ("-FROM:ada", Filter("from", "ada", True)),
        ('in:"two words"', Filter("in", "two words")),
        ("name:a:b", Filter("name", "a:b")),
    ],
)
def test_a_filter_is_written_as_the_operator(text, expected):
    assert read_filter(text) == expected


@pytest.mark.parametrize("text", ["", "ada", "what:ada", "--from:ada", "before:soon"])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(InvalidInput):
        read_filter(text)


def test_facets_are_named_one_by_one_or_with_commas():
    assert read_facets(("type, from", "in,")) == ("type", "from", "in")
    with pytest.raises(InvalidInput) as refused:
        read_facets(("type,colour",))
    assert refused.value.details[0].field == "facets"
