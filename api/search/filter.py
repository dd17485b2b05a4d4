"""The parameter `filter` of the search: a list of filters, or a tree of them, as JSON; in a query string also `from:ada`.

In a list, filters narrow as the operators of `q` do; what stands in `and`, `or` and `not` is each for itself.
"""

from typing import Annotated, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from api.wire import Body, Text
from core.errors import InvalidInput
from search.filter_tree import Either, Every, Except, FilterTree, check_tree
from search.operators import OPERATORS, Filter, Operator, filter_problem, operator_named
from search.query import MAX_CHARACTERS, MAX_FILTERS


class FilterBody(Body):
    """One of: `{"op": "from", "value": "ada"}`, which is `from:ada`; `{"and": [...]}`; `{"or": [...]}`; `{"not": {...}}`."""

    op: Operator | None = None
    value: Annotated[Text, Field(min_length=1, max_length=MAX_CHARACTERS)] | None = None
    negated: bool = False
    every: Annotated[
        "tuple[FilterBody, ...] | None", Field(alias="and", min_length=1, max_length=MAX_FILTERS)
    ] = None
    either: Annotated[
        "tuple[FilterBody, ...] | None", Field(alias="or", min_length=1, max_length=MAX_FILTERS)
    ] = None
    all_but: Annotated["FilterBody | None", Field(alias="not")] = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> "FilterBody":
        given = [self.op, self.every, self.either, self.all_but]
        if len(given) - given.count(None) != 1:
            raise ValueError("is one of op (with value), and, or, not")
        if (self.op is None) != (self.value is None) or (self.op is None and self.negated):
            raise ValueError("has value and negated where it has op, and only there")
        if self.op is not None and self.value is not None:
            problem = filter_problem(self.op, self.value, negated=self.negated)
            if problem is not None:
                raise ValueError(problem)
        return self

    def tree(self) -> FilterTree:
        if self.every is not None:
            return Every(tuple(part.tree() for part in self.every))
        if self.either is not None:
            return Either(tuple(part.tree() for part in self.either))
        if self.all_but is not None:
            return Except(self.all_but.tree())
        assert self.op is not None, "checked above"
        assert self.value is not None, "checked above"
        return Filter(self.op, self.value.strip(), self.negated)


def _listed(given: object) -> object:
    return given if isinstance(given, list | tuple) else [given]  # pyright: ignore[reportUnknownVariableType]


FilterList = Annotated[
    tuple[FilterBody, ...],
    Field(max_length=MAX_FILTERS),
    BeforeValidator(_listed, json_schema_input_type=list[FilterBody] | FilterBody),
]
_JSON: Final[TypeAdapter[tuple[FilterBody, ...]]] = TypeAdapter(FilterList)


def read_filters(texts: tuple[str, ...]) -> tuple[FilterTree, ...]:
    """Return what the query string's `filter`s say: JSON, or `from:ada` and `-from:ada`."""
    found = list[FilterTree]()
    for text in texts:
        found += filter_trees(_read_json(text)) if text[:1] in {"{", "["} else [_read(text)]
    return tuple(found)


def filter_trees(given: tuple[FilterBody, ...]) -> tuple[FilterTree, ...]:
    """Return the filters and trees of a list."""
    return tuple(body.tree() for body in given)


def flat(given: tuple[FilterTree, ...]) -> tuple[Filter, ...]:
    """Return those that stand in the list itself."""
    return tuple(f for f in given if isinstance(f, Filter))


def nested(given: tuple[FilterTree, ...]) -> FilterTree | None:
    """Return what the trees of the list say together, checked, or None without any."""
    trees = tuple(tree for tree in given if not isinstance(tree, Filter))
    return check_tree(trees[0] if len(trees) == 1 else Every(trees)) if trees else None


def _read_json(text: str) -> tuple[FilterBody, ...]:
    try:
        return _JSON.validate_json(text)
    except ValidationError as error:
        at = ("query", "filter")
        raise RequestValidationError(
            [{**found, "loc": (*at, *found["loc"])} for found in error.errors()]
        ) from None


def _read(text: str) -> Filter:
    """Return the filter that `from:ada` or `-from:ada` names."""
    name, _, value = text.removeprefix("-").partition(":")
    op = operator_named(name)
    if op is None:
        expected = f"is written operator:value, with one of {', '.join(OPERATORS)}"
        raise InvalidInput.of("filter", expected)
    asked = Filter(op, value.strip().strip('"'), text.startswith("-"))
    problem = filter_problem(asked.op, asked.value, negated=asked.negated)
    if problem is not None:
        raise InvalidInput.of("filter", problem)
    return asked
