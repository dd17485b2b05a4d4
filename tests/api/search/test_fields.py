import pytest

from api.search.fields import SearchBody, SearchParameters, read_facets
from core.errors import InvalidInput
from search.answer import SearchRequest


def test_every_field_of_a_request_can_be_asked_for():
    asked = set(SearchParameters.model_fields) - {"filter"}
    assert asked == set(SearchBody.model_fields) - {"filter"}
    assert asked == set(SearchRequest.__dataclass_fields__) - {
        "filters",
        "tree",
        "syntax",
        "asking",
    }
    assert SearchBody(q="x").request((), ()) == SearchRequest(q="x")


def test_facets_are_named_one_by_one_or_with_commas():
    assert read_facets(("type, from", "in,")) == ("type", "from", "in")
    with pytest.raises(InvalidInput) as refused:
        read_facets(("type,colour",))
    assert refused.value.details[0].field == "facets"
