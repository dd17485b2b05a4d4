import asyncio
from dataclasses import replace

import pytest

from core.errors import InvalidInput
from search.lookup import Facts, like_pattern, look_up
from search.query import parse
from tests.search.archive import make_archive


@pytest.fixture
async def archive(resources, owner_connection):
    return await make_archive(resources, owner_connection)


async def looked_up(resources, scope, text):
    return await look_up(resources.app, scope, parse(text).filters)


async def test_what_names_nothing_asks_nothing(resources, archive):
    nobody_seated = replace(resources.app, seats=asyncio.Semaphore(0), acquire_timeout_s=0.01)
    text = "type:file from:me lang:de has:link is:mine is:edited page:3 on:2026"
    assert await look_up(nobody_seated, archive.ada, parse(text).filters) == Facts()


async def test_names_become_ids(resources, archive):
    ids = archive.ids
    facts = await looked_up(
        resources, archive.ada, "from:bob from:zoe in:board size:>1mb is:shared"
    )
    assert facts.people == {
        "bob": frozenset((archive.bob.account_id,)), "zoe": frozenset()
    }  # fmt: skip
    assert facts.items == {
        ("in", "board"): frozenset((ids["board"],)), ("size", ">1mb"): frozenset((ids["report.pdf"],)),
        ("is", "shared"): frozenset((ids["board"], ids["open"])),
    }  # fmt: skip
    filters = parse("from:bob from:me").filters
    assert facts.people_of(filters, me=archive.ada.account_id) == {
        archive.ada.account_id, archive.bob.account_id
    }  # fmt: skip


async def test_letters_inside_an_address_or_an_id_name_nothing(resources, archive):
    bob, board = archive.bob.account_id, archive.ids["board"]
    inside = f"from:{str(bob)[9:]} in:{str(board)[9:]}"
    facts = await looked_up(
        resources, archive.ada, f"{inside} from:bob-{bob} from:EXAMPLE.o in:{board}"
    )
    assert facts.people == {
        str(bob)[9:]: frozenset(),
        f"bob-{bob}": frozenset((bob,)),
        "EXAMPLE.o": frozenset((archive.ada.account_id, bob)),
    }
    assert facts.items == {
        ("in", str(board)[9:]): frozenset(), ("in", str(board)): frozenset((board,))
    }  # fmt: skip


async def test_an_id_names_a_whole_or_a_part(resources, archive):
    ids, names = archive.ids, archive.passages
    facts = await looked_up(
        resources, archive.ada, f"near:{ids['board1']} like:{ids['report.pdf']}"
    )
    message, file = facts.things[str(ids["board1"])], facts.things[str(ids["report.pdf"])]
    assert (message.item_id, message.is_whole) == (ids["board"], False)
    assert {names[id_] for id_ in message.own} == {"board1"}
    assert {names[id_] for id_ in message.around} == {"board1", "board2", "board3"}
    assert (file.item_id, file.is_whole) == (ids["report.pdf"], True)


async def test_a_deleted_message_is_as_none_at_all(resources, archive, owner_connection):
    thing = archive.ids["board1"]
    await owner_connection.execute("UPDATE message SET deleted_at = now() WHERE id = $1", thing)
    with pytest.raises(InvalidInput, match="near: names nothing that you can read"):
        await looked_up(resources, archive.ada, f"near:{thing}")


def test_a_pattern_means_its_own_characters():
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"
