from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from api.cursors import Page
from api.wire import Answer, Body, ListPage, Text


class Named(Body):
    name: Text


class NameAnswer(Answer):
    name: str


@dataclass(frozen=True)
class Row:
    name: str
    secret: str = "kept here"


@pytest.mark.parametrize(
    "body", [{"name": "a", "more": 1}, {"name": "a\0"}, {"name": "\ud800"}, {}]
)
def test_a_body_holds_what_it_names_and_what_can_be_stored(body):
    with pytest.raises(ValidationError):
        Named.model_validate(body)


def test_an_answer_shows_only_its_own_fields():
    page = ListPage[NameAnswer].model_validate(Page([Row("a")], None))
    assert page.model_dump() == {"items": [{"name": "a"}], "next_cursor": None}
