from datetime import UTC, datetime
from uuid import UUID

from search.dates import Span
from search.narrowing import KINDS, NOTHING, Constraints, Option, any_option

ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def ids(*found):
    return frozenset(found)


def at(month):
    return datetime(2026, month, 1, tzinfo=UTC)


def test_both_keeps_what_fits_one_and_the_other():
    left = Option(items=ids(ONE, TWO), not_authors=ids(ONE), traits=ids("link"), pages=(((1, 2),),))
    right = Option(items=ids(TWO, THREE), not_authors=ids(TWO), langs=ids("de"), pages=(((2, 3),),))
    assert left.both(right) == Option(
        items=ids(TWO), not_authors=ids(ONE, TWO), langs=ids("de"), traits=ids("link"), pages=(((1, 2),), ((2, 3),)),
    )  # fmt: skip
    assert left.both(Option()) == left


def test_an_option_that_contradicts_itself_is_empty():
    assert NOTHING.is_empty()
    assert not Option().is_empty()
    for one, other in (
        (Option(kinds=ids("file")), Option(kinds=ids("message"))),
        (Option(authors=ids(ONE)), Option(authors=ids(TWO))),
        (Option(langs=ids("de")), Option(langs=ids("en"))),
        (Option(passages=ids(ONE)), Option(passages=ids(TWO))),
        (Option(times=(Span(end=at(1)),)), Option(times=(Span(begin=at(2)),))),
    ):
        assert one.both(other).is_empty()


def test_what_leaves_everything_is_no_parameter():
    assert Constraints().values() == {"within": None}
    assert any_option([Option(langs=ids("de")), Option()]).values() == {"within": None}


def test_what_leaves_nothing_says_so():
    assert any_option([NOTHING, Option(kinds=ids())]).values() == {"within": ([], None, None, None)}


def test_items_and_kind_of_one_option_are_said_once():
    only = Constraints((Option(items=ids(TWO, ONE), kinds=ids("file")),))
    assert only.values() == {"within": ([ONE, TWO], "file", None, None)}
    assert (only.items, only.kind) == ([ONE, TWO], "file")


def test_several_options_have_in_common_what_all_of_them_have():
    constraints = any_option([Option(items=ids(ONE), kinds=ids("file")), Option(items=ids(TWO))])
    assert (constraints.items, constraints.kind) == ([ONE, TWO], None)
    assert Constraints((Option(items=ids(ONE)), Option())).items is None
    within = constraints.values()["within"]
    assert isinstance(within, tuple)
    (_, _, single, rows) = within
    assert (single, [row[0] for row in rows], [row[4] for row in rows]) == (None, [[ONE], [TWO]], ["file", None])  # fmt: skip


def test_what_only_a_part_of_a_file_has_asks_for_passages():
    for option in (Option(pages=(((1, 2),),)), Option(traits=ids("link")), Option(passages=ids(ONE))):  # fmt: skip
        assert any_option([Option(langs=ids("de")), option]).is_of_passages
    assert not any_option([Option(langs=ids("de"), not_traits=ids("link"))]).is_of_passages


def test_a_row_has_the_fields_of_the_type_in_their_order():
    option = Option(
        items=ids(ONE), not_items=ids(TWO), passages=ids(THREE), not_passages=ids(ONE), kinds=KINDS - {"file"},
        authors=ids(TWO), not_authors=ids(THREE), times=(Span(end=at(1)), Span(at(2), at(3))), langs=ids("de"), not_langs=ids("en"),
        traits=ids("link"), not_traits=ids("code"), pages=(((1, 2),),), not_pages=((4, 4),),
    )  # fmt: skip
    last = datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert option.row() == (
        [ONE], [TWO], [THREE], [ONE], "message", [TWO], [THREE], None, at(3),
        [(None, last), (at(2), datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC))],
        ["de"], ["en"], ["link"], ["code"], [((1, 2),)], ((4, 4),),
    )  # fmt: skip


async def test_the_types_have_the_fields_that_are_written(owner_connection):
    rows = await owner_connection.fetch(
        "SELECT attribute_name FROM information_schema.attributes WHERE udt_name = 'narrowing_option' ORDER BY ordinal_position"
    )
    assert [row[0] for row in rows] == [
        "items", "not_items", "passages", "not_passages", "kind", "authors", "not_authors", "after", "before", "times",
        "langs", "not_langs", "traits", "not_traits", "pages", "not_pages",
    ]  # fmt: skip


def test_of_a_file_that_was_not_read_only_what_is_known_without_its_text_is_asked():
    """It may hold what is looked for: language, pages and most traits leave it."""
    asked = Option(
        items=ids(ONE),
        authors=ids(TWO),
        langs=ids("de"),
        not_traits=ids("link"),
        pages=(((1, 2),),),
    )
    known = Option(items=ids(ONE), authors=ids(TWO))
    assert Constraints((asked,)).file_facts() == [known.row()]
    assert Constraints((asked, Option(langs=ids("de")))).file_facts() is None
    never = (
        Option(kinds=ids("message")),
        Option(passages=ids(THREE)),
        Option(traits=ids("answer")),
    )
    assert Constraints(never).file_facts() == []
