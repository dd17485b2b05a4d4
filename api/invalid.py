"""What pydantic found wrong with a request, in words for the person who wrote it. What has no row here keeps its own words.

Names and their number come from the caller too, so both are cut.
"""

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

from core.errors import FieldProblem

MOST_PROBLEMS = 20  # an object of 100,000 unknown fields needs no list of them
LONGEST_NAME = 100
# By pydantic's type of error (docs.pydantic.dev/latest/errors/validation_errors); {names} are from its context.
WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this request",
    "json_invalid": "is not valid JSON ({error})",
    "string_type": "must be text",
    "string_unicode": "must not hold a lone surrogate",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be {expected}",
    "uuid_parsing": "is no id",
    "uuid_type": "is no id",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_attributes_type": "must be a JSON object, sent as Content-Type: application/json",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}
_LENGTHS: Mapping[str, str] = {
    "string_too_long": "max_length",
    "too_long": "max_length",
    "string_too_short": "min_length",
    "too_short": "min_length",
}


def problems_of(found: Sequence[ErrorDetails]) -> list[FieldProblem]:
    """Return the problems in their order, without repeating what the caller sent."""
    return [FieldProblem(_field(error), _words(error)) for error in found[:MOST_PROBLEMS]]


def _field(error: ErrorDetails) -> str:
    """Return the path to the field; an error in the JSON of the body is the body's."""
    if error["type"] == "json_invalid" and error["loc"][0] == "body":
        return "body"
    name = ".".join(str(part) for part in error["loc"][1:]) or "body"
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"


def _words(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LENGTHS:
        bound = "at most" if _LENGTHS[kind] == "max_length" else "at least"
        unit = "characters" if isinstance(error["input"], str) else "entries"
        return f"must have {bound} {context[_LENGTHS[kind]]:,} {unit}"
    if kind == "value_error":
        return str(context["error"])
    return WORDS[kind].format(**context) if kind in WORDS else error["msg"]
