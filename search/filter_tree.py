"""Filters that stand in a tree of and, or and not: what the JSON `filter` can say and a line of text cannot.

A tree is read as alternatives, each of filters that all have to hold (its disjunctive normal form), because that is what
the index can be asked. In a tree every filter is for itself: two from: joined by `and` need both authors at once.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from core.errors import InvalidInput
from search.operators import Filter

MAX_ALTERNATIVES: Final = 16  # of admits() in sql/migrations
MAX_LEAVES: Final = 32
MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Every:
    parts: "tuple[FilterTree, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    parts: "tuple[FilterTree, ...]"


@dataclass(frozen=True, slots=True)
class Except:
    part: "FilterTree"


FilterTree: TypeAlias = Filter | Every | Either | Except
Alternative: TypeAlias = tuple[Filter, ...]  # all of which hold


def check_tree(tree: FilterTree) -> FilterTree:
    """Return the tree, or refuse one beyond the bounds or with like: where it could not be what is looked for."""
    if _depth(tree) > MAX_DEPTH:
        raise InvalidInput.of("filter", f"may be nested {MAX_DEPTH} deep")
    found = alternatives(tree)
    if len(leaves(tree)) > MAX_LEAVES:
        raise InvalidInput.of("filter", f"may hold {MAX_LEAVES} filters")
    likes = [{f for f in alternative if f.op == "like"} for alternative in found]
    if any(f.negated for like in likes for f in like) or any(like != likes[0] for like in likes):
        raise InvalidInput.of(
            "filter", "like: is what to look for, so it stands in no or and no not"
        )
    return tree


def leaves(tree: FilterTree) -> tuple[Filter, ...]:
    """Return the filters of the tree as they stand in it, from left to right."""
    if isinstance(tree, Filter):
        return (tree,)
    parts = (tree.part,) if isinstance(tree, Except) else tree.parts
    return tuple(f for part in parts for f in leaves(part))


def alternatives(tree: FilterTree, *, negated: bool = False) -> tuple[Alternative, ...]:
    """Return what the tree says as alternatives; more than MAX_ALTERNATIVES are InvalidInput."""
    if isinstance(tree, Filter):
        return ((replace(tree, negated=tree.negated != negated),),)
    if isinstance(tree, Except):
        return alternatives(tree.part, negated=not negated)
    read = [alternatives(part, negated=negated) for part in tree.parts]
    if isinstance(tree, Every) != negated:
        return _product(read)
    return _bounded(dict.fromkeys(alternative for found in read for alternative in found))


def _product(read: list[tuple[Alternative, ...]]) -> tuple[Alternative, ...]:
    product: tuple[Alternative, ...] = ((),)
    for found in read:
        joined = (tuple(dict.fromkeys(left + right)) for left in product for right in found)
        product = _bounded(dict.fromkeys(joined))
    return product


def _bounded(found: dict[Alternative, None]) -> tuple[Alternative, ...]:
    if len(found) > MAX_ALTERNATIVES:
        raise InvalidInput.of(
            "filter", f"comes to more than {MAX_ALTERNATIVES} alternatives; use fewer or in and"
        )
    return tuple(found)


def _depth(tree: FilterTree) -> int:
    if isinstance(tree, Filter):
        return 0
    parts = (tree.part,) if isinstance(tree, Except) else tree.parts
    return 1 + max(map(_depth, parts), default=0)
