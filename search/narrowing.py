"""What a passage has to fit, as values: the twin of the SQL types `narrowing` and `narrowing_option`.

An Option is one conjunction: sets that a passage's values lie in, and sets that they do not. Options are alternatives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from search.answer import Kind
from search.dates import ALWAYS, Span, Times, common_times
from search.traits import OF_MESSAGES

Value = TypeVar("Value", UUID, str)
KINDS: Final[frozenset[Kind]] = frozenset(("message", "file"))


@dataclass(frozen=True, slots=True)
class Option:
    """None, ALWAYS and empty sets of what is not wanted leave everything.

    Pages are first and last; of `pages` a passage stands on one of each entry.
    """

    items: frozenset[UUID] | None = None
    not_items: frozenset[UUID] = frozenset()
    passages: frozenset[UUID] | None = None
    not_passages: frozenset[UUID] = frozenset()
    kinds: frozenset[Kind] = KINDS
    authors: frozenset[UUID] | None = None
    not_authors: frozenset[UUID] = frozenset()
    times: Times = ALWAYS
    langs: frozenset[str] | None = None
    not_langs: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    not_traits: frozenset[str] = frozenset()
    pages: tuple[tuple[tuple[int, int], ...], ...] = ()
    not_pages: tuple[tuple[int, int], ...] = ()

    def both(self, other: "Option") -> "Option":
        """Return what fits this and the other."""
        return Option(
            items=_common(self.items, other.items),
            not_items=self.not_items | other.not_items,
            passages=_common(self.passages, other.passages),
            not_passages=self.not_passages | other.not_passages,
            kinds=self.kinds & other.kinds,
            authors=_common(self.authors, other.authors),
            not_authors=self.not_authors | other.not_authors,
            times=common_times(self.times, other.times),
            langs=_common(self.langs, other.langs),
            not_langs=self.not_langs | other.not_langs,
            traits=self.traits | other.traits,
            not_traits=self.not_traits | other.not_traits,
            pages=self.pages + other.pages,
            not_pages=self.not_pages + other.not_pages,
        )

    def is_empty(self) -> bool:
        """Say whether nothing can fit."""
        sets = (self.items, self.passages, self.authors, self.langs)
        return not self.kinds or not self.times or any(found == frozenset() for found in sets)

    def row(self) -> tuple[object, ...]:
        """Return the value as the SQL type narrowing_option, in the order of its fields."""
        return (
            _list(self.items),
            _list(self.not_items or None),
            _list(self.passages),
            _list(self.not_passages or None),
            _kind(self.kinds),
            _list(self.authors),
            _list(self.not_authors or None),
            self.times[0].begin,
            self.times[-1].end,
            list(map(_closed, self.times)) if len(self.times) > 1 else None,
            _list(self.langs),
            _list(self.not_langs or None),
            _list(self.traits or None),
            _list(self.not_traits or None),
            list(self.pages) or None,
            self.not_pages or None,
        )


NOTHING: Final = Option(items=frozenset())


@dataclass(frozen=True, slots=True)
class Constraints:
    """The alternatives of which a passage has to fit one; none at all fit nothing."""

    options: tuple[Option, ...] = (Option(),)

    @property
    def items(self) -> list[UUID] | None:
        """The items outside of which nothing fits, or None."""
        found = [option.items for option in self.options]
        named = [items for items in found if items is not None]
        return None if len(named) < len(found) else _list(frozenset[UUID]().union(*named))

    @property
    def kind(self) -> Kind | None:
        """The kind that everything that fits is of, or None."""
        return _kind(frozenset[Kind]().union(*(option.kinds for option in self.options)))

    @property
    def is_of_passages(self) -> bool:
        """Say whether single passages are asked for, and not only whole messages and files."""
        return any(o.passages is not None or o.pages or o.traits for o in self.options)

    def without(self, items: frozenset[UUID]) -> "Constraints":
        """Return the same, but for what stands in these items."""
        others = Option(not_items=items)
        return any_option(option.both(others) for option in self.options) if items else self

    def file_facts(self) -> list[tuple[object, ...]] | None:
        """Return the alternatives as far as a file tells that was not read: what it may hold leaves it. None leaves all."""
        facts = [
            Option(items=o.items, not_items=o.not_items, authors=o.authors,
                    not_authors=o.not_authors, times=o.times)
            for o in self.options
            if o.passages is None and "file" in o.kinds and not o.traits & OF_MESSAGES
        ]  # fmt: skip
        return None if Option() in facts else [fact.row() for fact in facts]

    def values(self) -> dict[str, object]:
        """Return the parameter that every leg hands to admits(): a `narrowing`, field by field, or None."""
        if Option() in self.options:
            return {"within": None}
        rows = [option.row() for option in self.options]
        if len(rows) != 1:
            return {"within": (self.items, self.kind, None, rows or None)}
        (option,) = self.options
        rest = replace(option, items=None, kinds=KINDS)  # the whole says these
        return {"within": (self.items, self.kind, None if rest == Option() else rest.row(), None)}


def any_option(options: Iterable[Option]) -> Constraints:
    """Return what fits one of the options; those that nothing can fit are left out."""
    return Constraints(tuple(dict.fromkeys(o for o in options if not o.is_empty())))


def _common(
    one: frozenset[Value] | None, other: frozenset[Value] | None
) -> frozenset[Value] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _list(found: frozenset[Value] | None) -> list[Value] | None:
    return None if found is None else sorted(found)


def _kind(kinds: frozenset[Kind]) -> Kind | None:
    return next(iter(kinds)) if len(kinds) == 1 else None


def _closed(span: Span) -> tuple[datetime | None, datetime | None]:
    """Return the span as asyncpg takes ranges: both ends belong to it. PostgreSQL counts microseconds."""
    return span.begin, span.end and span.end - timedelta(microseconds=1)
