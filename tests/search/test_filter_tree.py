import pytest

from core.errors import InvalidInput
from search.filter_tree import Either, Every, Except, alternatives, check_tree, leaves
from search.operators import Filter

A, B, C = (Filter("from", name) for name in "abc")
NOT_A, NOT_B, NOT_C = (Filter("from", name, negated=True) for name in "abc")
LIKE = Filter("like", "01a1fed2-b5cb-7e44-af7f-164aeaa07de2")


def test_and_is_one_alternative_and_or_is_several():
    assert alternatives(A) == ((A,),)
    assert alternatives(Every((A, B))) == ((A, B),)
    assert alternatives(Either((A, B))) == ((A,), (B,))
    assert alternatives(Every((Either((A, B)), C))) == ((A, C), (B, C))


def test_not_reaches_through_to_the_filters():
    assert alternatives(Except(Every((A, B)))) == ((NOT_A,), (NOT_B,))
    assert alternatives(Except(Either((A, Except(B))))) == ((NOT_A, B),)
    assert alternatives(Except(NOT_C)) == ((C,),)


def test_what_is_said_twice_counts_once():
    assert alternatives(Every((A, A, Either((A, A))))) == ((A,),)


def test_leaves_are_the_filters_from_left_to_right():
    assert leaves(Either((A, Except(Every((B, C)))))) == (A, B, C)
    assert leaves(Every(())) == ()


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (Every(tuple(Either((Filter("from", f"{n}"), Filter("to", f"{n}"))) for n in range(5))), "16 alternatives"),
        (Every(tuple(Filter("from", f"{n}") for n in range(33))), "32 filters"),
        (Except(Except(Except(Except(Except(Except(Except(Except(Except(A))))))))), "8 deep"),
        (Either((LIKE, A)), "no or and no not"), (Except(LIKE), "no or and no not"),
    ],
)  # fmt: skip
def test_a_tree_beyond_the_bounds_is_refused(tree, says):
    with pytest.raises(InvalidInput, match=f"filter: .*{says}"):
        check_tree(tree)


def test_a_tree_within_the_bounds_is_itself():
    for tree in (Every((LIKE, Either((A, B)))), Either(tuple(Filter("from", f"{n}") for n in range(16)))):  # fmt: skip
        assert check_tree(tree) is tree
