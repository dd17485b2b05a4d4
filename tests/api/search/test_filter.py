import json

import pytest

from api.search.filter import FilterBody, filter_trees, flat, nested, read_filters
from core.errors import InvalidInput
from search.filter_tree import Either, Every, Except
from search.operators import Filter
from tests.make import make_scope

ADA, PDF = Filter("from", "ada"), Filter("ext", "pdf")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from:ada", ADA),
        ("-FROM:ada", Filter("from", "ada", True)),
        ('in:"two words"', Filter("in", "two words")),
        ("name:a:b", Filter("name", "a:b")),
        ('{"op": "from", "value": " ada "}', ADA),
        ('{"not": {"op": "from", "value": "ada"}}', Except(ADA)),
    ],
)
def test_a_filter_is_written_as_the_operator_or_as_json(text, expected):
    assert read_filters((text,)) == (expected,)


@pytest.mark.parametrize("text", ["", "ada", "what:ada", "--from:ada", "before:soon", "-like:x"])
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(InvalidInput):
        read_filters((text,))


def test_a_list_holds_filters_and_trees():
    given = json.dumps([{"op": "from", "value": "ada"}, {"or": [{"op": "ext", "value": "pdf"}]}])
    trees = read_filters((given, "ext:pdf"))
    assert flat(trees) == (ADA, PDF)
    assert nested(trees) == Either((PDF,))
    assert nested((Except(ADA), Except(PDF))) == Every((Except(ADA), Except(PDF)))
    assert nested((ADA,)) is None
    assert filter_trees((FilterBody(op="from", value="ada"),)) == (ADA,)


@pytest.fixture
async def client(signed_in, owner_connection):
    client = await signed_in(await make_scope(owner_connection))
    made = await client.post("/api/conversations", json={"title": "Plans"})
    for text in ("See https://example.org", "Run `make`", "Nothing of note"):
        await client.post(
            f"/api/conversations/{made.json()['id']}/messages", json={"content": text}
        )
    return client


TREE = {"or": [{"op": "has", "value": "link"}, {"and": [{"op": "has", "value": "code"}]}]}


async def test_both_doors_take_a_tree(client):
    for tree, texts in (
        (TREE, ["Run `make`", "See https://example.org"]), ({"not": TREE}, ["Nothing of note"]),
        ([TREE, {"op": "has", "value": "code"}], ["Run `make`"]),
    ):  # fmt: skip
        posted = await client.post("/api/search", json={"q": "", "filter": tree})
        got = await client.get("/api/search", params={"q": "", "filter": json.dumps(tree)})
        for answer in (posted, got):
            assert [hit["snippet"]["text"] for hit in answer.json()["hits"]] == texts


async def test_a_page_goes_on_only_in_the_same_tree(client):
    first = await client.post("/api/search", json={"q": "", "filter": TREE, "limit": 1})
    cursor = first.json()["page"]["next_cursor"]
    second = await client.post(
        "/api/search", json={"q": "", "filter": TREE, "limit": 1, "cursor": cursor}
    )
    assert [hit["snippet"]["text"] for hit in second.json()["hits"]] == ["See https://example.org"]
    other = await client.post(
        "/api/search", json={"q": "", "filter": {"not": TREE}, "limit": 1, "cursor": cursor}
    )
    assert (other.status_code, other.json()["error"]["details"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        ({"op": "colour", "value": "red"}, "filter.0.op"), ({"op": "from"}, "filter.0"), ({"op": "from", "value": ""}, "filter.0.value"),
        ({"and": []}, "filter.0.and"), ({"and": [{"or": [{"op": "type", "value": "dog"}]}]}, "filter.0.and.0.or.0"),
        ({"xor": []}, "filter.0.xor"), ({"not": []}, "filter.0.not"), ({}, "filter.0"), ({"and": [{}]}, "filter.0.and.0"),
        ({"op": "from", "value": "a", "or": [{"op": "from", "value": "a"}]}, "filter.0"), ("from:ada", "filter.0"), (7, "filter.0"),
        ({"not": {"op": "like", "value": "01a1fed2-b5cb-7e44-af7f-164aeaa07de2"}}, "filter"),
        ({"and": [{"or": [{"op": "from", "value": f"{n}"}, {"op": "to", "value": f"{n}"}]} for n in range(5)]}, "filter"),
        ({"op": "near", "value": "01a1fed2-b5cb-7e44-af7f-164aeaa07de2"}, "near"),
    ],
)  # fmt: skip
async def test_a_tree_that_cannot_be_is_refused_with_its_place(client, tree, field):
    answers = [await client.post("/api/search", json={"q": "x", "filter": tree})]
    if isinstance(tree, dict):
        text = json.dumps(tree)
        answers.append(await client.get("/api/search", params={"q": "x", "filter": text}))
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
        assert field in [detail["field"] for detail in answer.json()["error"]["details"]]


async def test_a_tree_nested_without_end_is_refused(client):
    deep = '{"not":' * 500 + '{"op":"from","value":"a"}' + "}" * 500
    got = await client.get("/api/search", params={"q": "x", "filter": deep})
    body = '{"q": "x", "filter": ' + deep + "}"
    posted = await client.post(
        "/api/search", content=body, headers={"Content-Type": "application/json"}
    )
    assert (got.status_code, posted.status_code) == (400, 400)


async def test_the_parse_shows_the_alternatives(client):
    body = {"q": "x has:link", "filter": [{"not": {"and": [{"op": "on", "value": "2026-03"}, {"op": "from", "value": "me"}]}}]}  # fmt: skip
    said = (await client.post("/api/search/parse", json=body)).json()
    assert [f["op"] for f in said["filters"]] == ["has"]
    assert [[(f["op"], f["negated"], f["from"]) for f in found] for found in said["alternatives"]] == [
        [("on", True, "2026-03-01T00:00:00Z")], [("from", True, None)],
    ]  # fmt: skip
    pinned = (await client.post("/api/search/parse", json={"q": "is:pinned"})).json()
    assert (pinned["warnings"], pinned["alternatives"]) == ([], None)
