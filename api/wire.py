"""What JSON bodies have in common: strict about what they do not know, and free of what PostgreSQL cannot store."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

Item = TypeVar("Item")


class Body(BaseModel):
    """A request's body: an unknown or read-only field is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A part of an answer, filled from a row or value with the same field names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class ListPage(Answer, Generic[Item]):
    """The first page of every list, and the others; `next_cursor` is null on the last."""

    items: Sequence[Item]
    next_cursor: str | None


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold a lone surrogate") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
