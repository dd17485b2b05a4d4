from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from api.invalid import MOST_PROBLEMS, problems_of
from api.wire import Text
from core.errors import FieldProblem


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[Text, Field(min_length=2, max_length=3)] = "abc"
    code: Annotated[str, Field(pattern="^[a-z]$", max_length=5)] = "a"
    parts: Annotated[tuple[int, ...], Field(max_length=1)] = ()
    mode: Literal["all", "any"] = "all"
    id: UUID | None = None
    ratio: Annotated[float, Field(ge=0, le=1)] = 0


def told(body: object) -> list[FieldProblem]:
    try:
        Asked.model_validate(body)
    except ValidationError as error:
        # In a request the first part of a place is "body" or "query".
        return problems_of([{**e, "loc": ("body", *e["loc"])} for e in error.errors()])
    return []


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"text": "abcd"}, "text", "must have at most 3 characters"),
        ({"text": "a"}, "text", "must have at least 2 characters"),
        ({"text": "a\0"}, "text", "must not hold the character U+0000"),
        ({"text": "a\ud800"}, "text", "must not hold a lone surrogate"),
        ({"text": 1}, "text", "must be text"),
        ({"code": "abcdef"}, "code", "must have at most 5 characters"),
        ({"code": "\ud800"}, "code", "must not hold a lone surrogate"),
        ({"code": "1"}, "code", "must match ^[a-z]$"),
        ({"parts": [1, 2]}, "parts", "must have at most 1 entries"),
        ({"parts": ["x"]}, "parts.0", "must be a whole number"),
        ({"parts": [1.5]}, "parts.0", "must be a whole number"),
        ({"parts": "x"}, "parts", "must be a list"),
        ({"mode": "x"}, "mode", "must be 'all' or 'any'"),
        ({"id": "x"}, "id", "is no id"),
        ({"ratio": 2}, "ratio", "must be at most 1.0"),
        ({"ratio": -1}, "ratio", "must be at least 0.0"),
        ({"more": 1}, "more", "is no field of this request"),
        ([], "body", "must be a JSON object"),
    ],
)
def test_each_problem_is_told_in_words_for_a_person(body, field, message):
    assert told(body) == [FieldProblem(field, message)]


def test_what_the_caller_sends_is_not_repeated_at_length():
    (problem,) = told({"k" * 10_000: 1})
    assert problem == FieldProblem("k" * 100 + "…", "is no field of this request")
    assert len(told({f"k{n}": 1 for n in range(1000)})) == MOST_PROBLEMS


def test_json_that_cannot_be_read_is_a_problem_of_the_body():
    found = ErrorDetails(
        type="json_invalid",
        loc=("body", 12),
        msg="JSON decode error",
        input={},
        ctx={"error": "Expecting value"},
    )
    assert problems_of([found]) == [FieldProblem("body", "is not valid JSON (Expecting value)")]


def test_what_has_no_words_of_ours_keeps_its_own():
    found = ErrorDetails(
        type="date_type", loc=("query", "day"), msg="Input should be a valid date", input=1
    )
    assert problems_of([found]) == [FieldProblem("day", "Input should be a valid date")]


@pytest.mark.parametrize(
    ("place", "field"), [(("query", "filter"), "filter"), (("body", 1), "body")]
)
def test_broken_json_is_named_by_the_parameter_that_holds_it_or_the_body(place, field):
    broken = ErrorDetails(
        type="json_invalid", loc=place, msg="", input="{", ctx={"error": "EOF while parsing"}
    )
    told = [FieldProblem(field, "is not valid JSON (EOF while parsing)")]
    assert problems_of([broken]) == told
