from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from app.resources import Resources
from core.errors import NotFound
from core.ids import new_id
from core.scope import Scope
from search.answer import SearchRequest
from search.why_not import PASSED_OVER, why_not
from tests.make import make_scope
from tests.search.make import embed_all, make_conversation, make_file, make_message, make_searcher


@dataclass(frozen=True)
class Place:
    """A workspace with a talk of two messages and two files, and what became of each."""

    resources: Resources
    scope: Scope
    talk: UUID
    pension: UUID
    lunch: UUID
    plan: UUID
    copy: UUID

    async def asked(self, q, target, **given):
        request = SearchRequest(q=q, mode=given.pop("mode", "lexical"), **given)
        return await why_not(make_searcher(self.resources), self.scope, request, target=target)


@pytest.fixture
async def place(resources, owner_connection):
    scope = await make_scope(owner_connection)
    talk = await make_conversation(owner_connection, scope, "Talk")
    said = [
        await make_message(resources, owner_connection, scope, conversation_id=talk, content=text)
        for text in ("The pension starts.", "Lunch is at noon.")
    ]
    files = [
        await make_file(resources, owner_connection, scope, name=name, passages=passages)
        for name, passages in (
            ("plan.txt", ["A pension plan.", "Pension tables."]),
            ("copy.txt", ["A pension plan."]),
        )
    ]
    await embed_all(resources, owner_connection, scope)
    return Place(resources, scope, talk, *said, *files)


async def test_what_is_in_the_list_is_told_its_place(place):
    found = await place.asked("pension plan", place.plan)
    assert (found.stage, found.rank, found.type, found.title) == ("found", 1, "file", "plan.txt")
    message = await place.asked("pension", place.pension, limit=1)
    assert message.stage == "found"
    assert message.rank is not None
    assert (message.remedy != "") == (message.rank > 1)


async def test_a_whole_conversation_can_be_asked_for(place):
    assert (await place.asked("noon", place.talk)).stage == "found"


@pytest.mark.parametrize(
    ("q", "given", "names"),
    [
        ("pension type:file", {}, "type:file leaves it out"),
        ("pension type:file after:2090", {}, "type:file and after:2090 leave it out"),
        ("pension", {"type": "file"}, "type=file leaves it out"),
        ("pension in:Elsewhere", {}, "in:Elsewhere leaves it out"),
    ],
)
async def test_filters_that_leave_it_out_are_named(place, q, given, names):
    lost = await place.asked(q, place.pension, **given)
    assert (lost.stage, lost.reason) == ("filtered", f"{names}.")
    assert lost.remedy.startswith("Search without ")


@pytest.mark.parametrize(
    ("q", "unmet"),
    [
        ("pension -starts", "-starts"),
        ('pension "starts pension"', '"starts pension"'),
        ("pension elephant*", "elephant*"),
        ("pension (whale OR elephant)", "(whale OR elephant)"),
    ],
)
async def test_conditions_that_it_does_not_meet_are_named(place, q, unmet):
    lost = await place.asked(q, place.pension)
    assert (lost.stage, lost.reason) == ("no_matching_term", f"It does not meet {unmet}.")


async def test_without_any_of_the_words_it_is_not_found(place):
    lost = await place.asked("elephant", place.lunch)
    assert lost.stage == "no_matching_term"
    assert lost.reason == "It holds none of the words."


async def test_a_list_by_date_needs_every_word(place):
    lost = await place.asked("pension noon", place.pension, sort="newest")
    assert lost.stage == "no_matching_term"
    assert (await place.asked("pension", place.pension, sort="newest")).stage == "found"


async def test_a_duplicate_names_the_hit_that_stands_for_it(resources, owner_connection, place):
    """Also in the hit's own conversation, and where so many stand before it that it was no candidate."""
    said = [
        await make_message(
            resources, owner_connection, place.scope, conversation_id=place.talk, content="Noon."
        )
        for _ in range(70)
    ]
    rows = await owner_connection.fetch("SELECT id, message_id FROM passage")
    passages = {row["message_id"]: row["id"] for row in rows}
    lost = [await place.asked("noon", message) for message in (said[0], said[1], said[69])]
    into = {one.into for one in lost if one.stage == "collapsed"}
    assert {one.stage for one in lost} <= {"found", "collapsed"}
    assert len(into) == 1
    assert into <= {passages[message] for message in said}


async def test_beside_a_duplicate_of_the_same_conversation_another_message_is_told_the_truth(
    resources, owner_connection, place
):
    """The conversation of a duplicate was named, and each of its messages taken for one."""
    other = await make_conversation(owner_connection, place.scope, "Other")
    for _ in range(2):
        await make_message(
            resources, owner_connection, place.scope, conversation_id=other, content="Noon."
        )
    await make_message(
        resources, owner_connection, place.scope, conversation_id=place.talk, content="Noon."
    )
    lost = await place.asked("noon", place.pension)
    assert (lost.stage, lost.reason) == ("no_matching_term", "It holds none of the words.")


async def test_a_group_shows_the_better_passage(resources, owner_connection, place):
    passages = await owner_connection.fetch(
        "SELECT id FROM passage WHERE item_id = $1 ORDER BY ordinal", place.plan
    )
    ids = [row["id"] for row in passages]
    # The message about lunch comes first; what stands for a passage is another of its own file.
    lost = {id_: await place.asked("pension noon lunch", id_, group_by="file") for id_ in ids}
    assert {one.stage for one in lost.values()} == {"found", "collapsed"}
    assert {one.into for one in lost.values() if one.stage == "collapsed"} <= set(ids)


async def test_what_is_not_embedded_yet_is_told(owner_connection, place):
    await owner_connection.execute(
        "DELETE FROM embedding e USING passage p WHERE p.id = e.passage_id AND p.message_id = $1",
        place.lunch,
    )
    lost = await place.asked("when do we eat", place.lunch, mode="hybrid")
    assert lost.stage == "not_embedded"


@pytest.mark.parametrize(
    ("given", "told"),
    [({}, "passages stand before it."), ({"sort": "newest"}, "passages stand before it.")],
)
async def test_below_the_cut_the_place_is_told(resources, owner_connection, place, given, told):
    count = 210 if given else 110
    for n in range(count):
        await make_message(
            resources, owner_connection, place.scope, conversation_id=place.talk, content=f"pension {n}"
        )  # fmt: skip
    lost = await place.asked("pension", place.pension, **given)
    assert (lost.stage, lost.rank is not None) == ("below_cut", True)
    assert lost.rank is not None
    assert lost.rank > count
    assert lost.reason.endswith(f"{lost.rank - 1} {told}")


async def test_what_a_group_shows_is_found_however_many_stand_before_it(
    resources, owner_connection, place
):
    for n in range(110):
        await make_message(
            resources, owner_connection, place.scope, conversation_id=place.talk, content=f"pension {n}"
        )  # fmt: skip
    other = await make_conversation(owner_connection, place.scope, "Other")
    last = await make_message(
        resources, owner_connection, place.scope, conversation_id=other,
        content="It was said, long ago, and never again since, that the pension would come.",
    )  # fmt: skip
    assert (await place.asked("pension", last)).stage == "below_cut"
    assert (await place.asked("pension", last, group_by="conversation")).stage == "found"


async def test_what_was_passed_over_for_its_common_words_is_told_so(
    resources, owner_connection, place
):
    """Nothing stands before it: it was never looked at, so no place in the list is told."""
    ws = place.scope.workspace_id
    await owner_connection.execute(
        "INSERT INTO lexeme_stat (workspace_id, lexeme, ndoc) VALUES ($1, 'elephant', 15000), ($1, 'noon', 16000)"
        " ON CONFLICT (workspace_id, lexeme) DO UPDATE SET ndoc = excluded.ndoc", ws,
    )  # fmt: skip
    await owner_connection.execute(
        "UPDATE corpus_stat SET passage_count = 50000 WHERE workspace_id = $1", ws
    )
    lost = await place.asked("elephant noon", place.lunch)
    assert (lost.stage, lost.reason, lost.rank) == ("below_cut", PASSED_OVER, None)


@pytest.mark.parametrize(
    ("state", "stage"),
    [("queued", "pending"), ("processing", "pending"), ("failed", "failed"), ("no_text", "no_text")],
)  # fmt: skip
async def test_what_was_not_extracted_is_told(resources, owner_connection, place, state, stage):
    empty = await make_file(resources, owner_connection, place.scope, name="empty.pdf", passages=[])
    await owner_connection.execute(
        "UPDATE file SET state = $1, reason = 'Because.', remedy = 'Do it.' WHERE id = $2", state, empty
    )  # fmt: skip
    lost = await place.asked("pension", empty)
    assert lost.stage == stage
    assert lost.reason
    assert lost.remedy


async def test_what_one_may_not_see_is_as_what_is_not_there(resources, owner_connection, place):
    stranger = replace(place.scope, account_id=(await make_scope(owner_connection)).account_id)
    request = SearchRequest(q="pension")
    told = []
    for scope, target in (
        (place.scope, new_id()),
        (stranger, place.plan),
        (stranger, place.pension),
    ):
        with pytest.raises(NotFound) as missing:
            await why_not(make_searcher(resources), scope, request, target=target)
        told.append(str(missing.value))
    assert len(set(told)) == 1
