from uuid import UUID

import pytest

from search.operators import (
    OPERATORS,
    Sizes,
    filter_problem,
    operator_named,
    read_id,
    read_pages,
    read_sizes,
)

THING = "01a1fed2-b5cb-7e44-af7f-164aeaa07de2"


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("type", "File"), ("has", "LINK"), ("is", "pinned"), ("page", "3"), ("page", "3-7"), ("size", ">1mb"), ("size", "<= 1.5 GB"),
        ("near", THING), ("like", THING.replace("-", "")), ("tag", "any"), ("to", "me"), ("on", "2026"),
    ],
)  # fmt: skip
def test_what_an_operator_takes_has_no_problem(op, value):
    assert filter_problem(op, value) is None


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("type", "dog"), ("has", "star"), ("is", "open"), ("page", "0"), ("page", "7-3"), ("page", "three"), ("page", "9999999"),
        ("size", "1mb"), ("size", ">1xb"), ("size", ">"), ("size", ">1.2.3kb"), ("near", "here"), ("like", "this"), ("on", "easter"),
    ],
)  # fmt: skip
def test_what_it_does_not_take_is_said_with_the_value(op, value):
    problem = filter_problem(op, value) or ""
    assert problem.startswith(f"{op}: ")
    assert problem.endswith(f"not {value}")


def test_every_operator_needs_a_value():
    for op in OPERATORS:
        assert filter_problem(op, "  ") == f"The operator {op}: needs a value."
        assert operator_named(op.upper()) == op
    assert operator_named("site") is None


def test_pages_sizes_and_ids_are_read():
    assert (read_pages("3"), read_pages(" 3-7 "), read_pages("3-")) == ((3, 3), (3, 7), None)
    assert read_sizes(">1mb") == Sizes(least=1_000_001)
    assert read_sizes(">=1.5KB") == Sizes(least=1_500)
    assert read_sizes("<20") == Sizes(end=20)
    assert read_sizes("<=20b") == Sizes(end=21)
    assert (read_id(THING), read_id("x")) == (UUID(THING), None)
