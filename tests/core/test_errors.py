import inspect
import re

import core.errors
from core.errors import FieldProblem, InvalidInput, RateLimited, RecollectError


def test_the_head_draws_every_error_of_the_tree():
    drawn = set(re.findall(r"[├└]── (\w+)", core.errors.__doc__ or ""))
    made = {
        name
        for name, kind in inspect.getmembers(core.errors, inspect.isclass)
        if issubclass(kind, RecollectError)
    }
    assert drawn == made - {"RecollectError"}


def test_a_field_problem_names_its_field():
    error = InvalidInput.of("limit", "must be at most 100")
    assert (error.message, error.details) == (
        "limit: must be at most 100",
        (FieldProblem("limit", "must be at most 100"),),
    )


def test_a_limit_says_its_bucket_and_when_to_come_back():
    error = RateLimited("login", limit=10, window_s=60, retry_after_s=7)
    assert "login" in error.message
    assert "7 s" in error.message
