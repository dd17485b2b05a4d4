"""The operators of a query, and what their values may be. What each leaves of the index is search/filters.py.

Values are checked here as far as text alone can tell; whether a name, a tag or an id is there is asked later.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, get_args
from uuid import UUID

from search.dates import DATE_OPERATORS, DateOperator, date_problem

Holding = Literal["file", "link", "image", "code"]
State = Literal["pinned", "mine", "shared", "edited"]
HOLDINGS: Final[tuple[Holding, ...]] = get_args(Holding)
STATES: Final[tuple[State, ...]] = get_args(State)

_PlainOperator = Literal[
    "type", "from", "to", "in", "ext", "name", "lang", "has", "is", "page", "size", "tag", "near", "like",
]  # fmt: skip
Operator = Literal[_PlainOperator, DateOperator]
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
# Of these a message or file has one value, so that several are alternatives; of all others several have to hold together.
ALTERNATIVE: Final[frozenset[Operator]] = frozenset(
    ("type", "from", "in", "ext", "name", "lang", "page")
)
OF_THINGS: Final[frozenset[Operator]] = frozenset(("near", "like"))  # their values are ids

_PAGES = re.compile(r"([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?", re.ASCII)
_SIZE = re.compile(r"(>=|<=|>|<)\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?b)?", re.ASCII)
_BYTES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}  # as the page shows


@dataclass(frozen=True, slots=True)
class Filter:
    op: Operator
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes: `least` belongs to it, `end` does not."""

    least: int = 0
    end: int = 2**62


def operator_named(name: str) -> Operator | None:
    """Return the operator of that name in any case, or None."""
    return next((op for op in OPERATORS if name.lower() == op), None)


def filter_problem(op: Operator, value: str, *, negated: bool = False) -> str | None:
    """Return why `value` cannot be used with the operator, in words for the person who typed it, or None."""
    value = value.strip()
    if not value:
        return f"The operator {op}: needs a value."
    if op in DATE_OPERATORS:
        return date_problem(op, value)
    if op == "like" and negated:
        return "like: is what to look for and cannot be negated."
    needs = _NEEDS.get(op)
    return f"{op}: {needs}, not {value}" if needs and not _is_readable(op, value) else None


def read_pages(value: str) -> tuple[int, int] | None:
    """Return the first and last page that `3` or `3-7` names."""
    match = _PAGES.fullmatch(value.strip())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return (first, last) if first <= last else None


def read_sizes(value: str) -> Sizes | None:
    """Return the sizes that `>1mb`, `<=20kb` and the like leave; a number alone is bytes."""
    match = _SIZE.fullmatch(value.strip().lower())
    if match is None:
        return None
    size = int(Decimal(match[2]) * _BYTES[match[3] or "b"])
    if match[1].startswith(">"):
        return Sizes(least=size + (match[1] == ">"))
    return Sizes(end=size + (match[1] == "<="))


def tag_of(text: str) -> str:
    """Return a tag as it is kept and compared: its case and its runs of spaces do not matter."""
    return " ".join(text.lower().split())


def read_id(value: str) -> UUID | None:
    try:
        return UUID(value.strip())
    except ValueError:
        return None


_NEEDS: Final[dict[Operator, str]] = {
    "type": "is message or file",
    "has": f"is one of {', '.join(HOLDINGS)}",
    "is": f"is one of {', '.join(STATES)}",
    "page": "needs a page such as 3, or pages such as 3-7",
    "size": "needs a bound such as >1mb or <=200kb",
    "near": "needs the id of a message, file, conversation or passage",
    "like": "needs the id of a message, file, conversation or passage",
}


def _is_readable(op: Operator, value: str) -> bool:
    if op in OF_THINGS:
        return read_id(value) is not None
    if op == "page":
        return read_pages(value) is not None
    if op == "size":
        return read_sizes(value) is not None
    known = {"type": ("message", "file"), "has": HOLDINGS, "is": STATES}[op]
    return value.lower() in known
