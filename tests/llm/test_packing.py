from dataclasses import replace
from uuid import UUID

import pytest

from llm.chat import Part
from llm.packing import Room, cut, joined, neighbours, pack, tokens_in
from tests.llm.make_source import make_source

TEXTS = [
    "The river is long.",
    "Paris is large.",
    "Bananas are yellow.",
    "Keys open doors.",
    "Owls hunt by night.",
]


def sources(*items, texts=TEXTS):
    """Sources best first; each number is the item that it is of."""
    return [
        replace(
            make_source(texts[n], ref=n + 1, start=100 * n),
            item_id=UUID(int=item),
            parts=(Part(UUID(int=n + 1), 100 * n, 100 * n + len(texts[n]), 1, 1),),
        )
        for n, item in enumerate(items)
    ]


def refs(packed):
    return [source.passage_id.int for source in packed.sources]


def test_one_item_leaves_room_for_the_others_and_order_stays():
    packed = pack(sources(1, 1, 1, 2, 3), Room(passages=3))
    assert refs(packed) == [1, 2, 4]
    assert {key.int: fate for key, fate in packed.fates.items()} == {
        1: "packed",
        2: "packed",
        3: "after others",
        4: "packed",
        5: "no room",
    }


def test_without_others_one_item_gives_all():
    assert refs(pack(sources(1, 1, 1, 1, 1), Room(passages=4))) == [1, 2, 3, 4]


def test_copies_are_left_out():
    packed = pack(sources(1, 2, texts=["Keys open doors.", "KEYS open doors!"]), Room())
    assert (refs(packed), packed.fates[UUID(int=2)]) == ([1], "copy")


def test_the_last_one_is_cut_to_the_budget_and_its_part_says_so():
    packed = pack(sources(1, 2, 3), Room(passages=3, tokens=6))
    assert [source.text for source in packed.sources] == [TEXTS[0], "Paris "]
    assert packed.sources[1].parts == (Part(UUID(int=2), 100, 106, 1, 1),)
    assert packed.fates[UUID(int=3)] == "no room"


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("four", 1), ("fives", 2), ("東京", 2)])
def test_tokens_are_estimated_by_script(text, tokens):
    assert tokens_in(text) == tokens


def pair(*, gap=1, item=1):
    one, two = sources(1, item)
    start = one.end + gap
    part = Part(two.passage_id, start, start + len(two.text), 2, 2)
    return one, replace(two, start=start, end=part.end, parts=(part,), page_first=2, page_last=2)


def test_neighbours_are_of_one_text_with_hardly_anything_between():
    one, two = pair()
    assert neighbours([two, one]) == [(one, two)]
    assert neighbours(pair(gap=40)) == []
    assert neighbours(pair(item=2)) == []
    assert neighbours([cut(one, 1), two]) == []


def test_joined_neighbours_stand_at_the_place_of_the_better_and_keep_their_parts():
    one, two = pair()
    other = replace(make_source("Owls.", ref=9), item_id=UUID(int=9))
    made = joined([two, other, one], {(one.passage_id, two.passage_id): "\n"})
    assert [source.ref for source in made] == [1, 2]
    assert made[0].text == f"{one.text}\n{two.text}"
    assert (made[0].passage_id, made[0].parts) == (two.passage_id, (*one.parts, *two.parts))
    assert (made[0].page_first, made[0].page_last) == (one.page_first, 2)
