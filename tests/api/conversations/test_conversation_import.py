import json
import random
from uuid import UUID

import pytest

from api.conversations.conversation_import import tree_problems
from api.conversations.file import ConversationFile
from core.ids import new_id
from tests.make import make_colleague


def said(content="Hello", **changed):
    return {
        "id": str(new_id()), "parent_id": None, "role": "user", "author": "Grace", "content": content, "revision": 1,
        "created_at": "2024-05-01T09:30:00Z", "edited_at": None, "deleted_at": None, "attachments": [], "revisions": [],
        "reply": None,
    } | changed  # fmt: skip


def file_of(*messages, title="Old talk", leaf=None):
    return {
        "format": "recollect.conversation", "version": 1, "messages": list(messages),
        "conversation": {
            "id": str(new_id()), "title": title, "created_at": "2024-05-01T09:00:00Z", "active_leaf_id": leaf,
        },
    }  # fmt: skip


def cited(quote, start, **changed):
    return {
        "ref": 1, "kind": "message", "file_id": None, "version": 1, "conversation_id": None, "message_id": None,
        "title": "Old talk", "headings": ["Top"], "pages": None, "source_span": {"start": start, "end": start + len(quote)},
        "answer_span": {"start": 0, "end": 3}, "quote": quote, "verdict": "verbatim", "score": 0.5,
    } | changed  # fmt: skip


def answered(parent, content, *citations, **changed):
    reply = {"model": "extractive", "state": "complete", "citations": list(citations)}
    return said(
        content, parent_id=parent["id"], role="assistant", author="", reply=reply, **changed
    )


async def take_in(mine, file):
    answer = await mine.post("/api/conversations/import", json=file)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def export(mine, conversation_id):
    return (await mine.get(f"/api/conversations/{conversation_id}/export")).json()


def without_ids(file):
    """The file with its ids replaced by their places in it; what the other installation knows is left."""
    names = {message["id"]: f"m{n}" for n, message in enumerate(file["messages"])}
    names[file["conversation"]["id"]] = "c"
    text = json.dumps(file)
    for known, name in names.items():
        text = text.replace(known, name)
    return json.loads(text)


def any_tree(dice):
    """A tree of any shape, with versions, tombstones, replies, true and false quotes, and words of many alphabets."""
    messages = []
    for n in range(dice.randrange(1, 12)):
        parent = dice.choice(messages) if messages and dice.random() < 0.9 else None
        content = "".join(dice.choices("aé漢🙂 \n<&\"'\\#`", k=dice.randrange(1, 30))) + f" {n}"
        if parent is not None and dice.random() < 0.4:
            source = dice.choice(messages)
            quote = source["content"][1:4] or "x"
            true = cited(quote, 1, message_id=source["id"], ref=2)
            message = answered(
                parent, content, true, cited("never said", 0, message_id=str(new_id()))
            )
        else:
            message = said(content, parent_id=parent and parent["id"])
        if dice.random() < 0.2:
            old = {"revision": 1, "content": "Before", "replaced_at": "2024-05-02T00:00:00Z"}
            message |= {"revision": 2, "edited_at": "2024-05-02T00:00:00Z", "revisions": [old]}
        messages.append(message)
    for parent_id in {m["parent_id"] for m in messages if m["parent_id"]}:
        if dice.random() < 0.2:
            (parent,) = [m for m in messages if m["id"] == parent_id]
            parent |= {
                "deleted_at": "2024-05-03T00:00:00Z",
                "content": "",
                "revisions": [],
                "reply": None,
            }
    return file_of(*messages, title="Täg", leaf=dice.choice(messages)["id"])


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_exported_imported_and_exported_again_is_equal(mine, seed):
    made = await take_in(mine, any_tree(random.Random(seed)))
    once = await export(mine, made["id"])
    again = await export(mine, (await take_in(mine, once))["id"])
    assert without_ids(again) == without_ids(once)
    assert len(once["messages"]) == made["messages"]


async def test_an_imported_conversation_is_the_importers_and_its_authors_are_names(
    mine, ada, owner_connection, signed_in
):
    first = said("The pelican", author="Grace")
    made = await take_in(mine, file_of(first, said("Second", parent_id=first["id"])))
    assert (made["is_owner"], made["title"], made["imported_at"] is not None) == (
        True,
        "Old talk",
        True,
    )
    opened = (await mine.get(f"/api/conversations/{made['id']}")).json()
    assert [(m["author"], m["author_id"], m["content"]) for m in opened["messages"]] == [
        ("Grace", None, "The pelican"),
        ("Grace", None, "Second"),
    ]
    items = await owner_connection.fetch(
        "SELECT item_id FROM passage WHERE tsv @@ to_tsquery('simple', 'pelican')"
    )
    assert [str(row["item_id"]) for row in items] == [made["id"]]
    bob = await make_colleague(owner_connection, ada)
    assert (await (await signed_in(bob)).get(f"/api/conversations/{made['id']}")).status_code == 404


async def test_a_quote_that_stands_where_it_says_keeps_its_verdict(mine):
    source = said("It begins in May.")
    reply = answered(
        source, "In May. [1]",
        cited("in May", 10, message_id=source["id"]),
        cited("in June", 10, message_id=source["id"]),
        cited("secret", 0, kind="file", file_id=str(new_id())),
    )  # fmt: skip
    made = await take_in(mine, file_of(source, reply))
    assert made["unverified"] == 2
    opened = (await mine.get(f"/api/conversations/{made['id']}")).json()["messages"]
    run = (await mine.get(f"/api/runs/{opened[1]['run_id']}")).json()
    assert [(c["quote"], c["verdict"], c["status"], c["message_id"]) for c in run["citations"]] == [
        ("in May", "verbatim", "current", opened[0]["id"]),
        ("in June", "unverified", "unverified", None),
        ("secret", "unverified", "unverified", None),
    ]
    assert [c["open"] is None for c in run["citations"]] == [False, True, True]
    assert all(c["file_id"] is None for c in run["citations"])


async def test_a_file_of_somebody_else_is_neither_attached_nor_told_of(mine, ada, owner_connection):
    from tests.api.conversations.test_messages import make_file

    bob = await make_colleague(owner_connection, ada)
    own, his = [str(await make_file(owner_connection, scope)) for scope in (ada, bob)]
    files = [{"file_id": file_id, "name": "x"} for file_id in (own, his, str(new_id()))]
    question = said(attachments=files)
    reply = answered(
        question, "So.", *[cited("x", 0, kind="file", file_id=f["file_id"]) for f in files]
    )
    made = await take_in(mine, file_of(question, reply))
    assert (made["missing_files"], made["unverified"]) == (2, 3)
    opened = (await mine.get(f"/api/conversations/{made['id']}")).json()["messages"]
    assert opened[0]["attachments"] == [own]
    kept = await owner_connection.fetch("SELECT item_id FROM citation")
    assert not {str(row["item_id"]) for row in kept} & {own, his}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("{", ["body"]),
        ("[" * 5000, ["body"]),
        ("null", ["body"]),
        (json.dumps(file_of() | {"format": "other"}), ["format"]),
        (json.dumps(file_of() | {"version": 2}), ["version"]),
        (json.dumps(file_of(said(role="system"))), ["messages.0.role"]),
        (json.dumps(file_of(said(), said("a\0b"))), ["messages.1.content"]),
        (json.dumps(file_of(said(author_id="x"))), ["messages.0.author_id"]),
        (json.dumps(file_of(said(parent_id=str(UUID(int=1))))), ["messages.0.parent_id"]),
        (json.dumps(file_of(said(id=str(UUID(int=1))), said(id=str(UUID(int=1))))), ["messages.1.id"]),
        (json.dumps(file_of(leaf=str(UUID(int=1)))), ["conversation.active_leaf_id"]),
        (json.dumps(file_of(answered({"id": None}, "So."))), ["messages.0.reply"]),
    ],
)  # fmt: skip
async def test_a_file_that_is_none_names_its_fields_and_leaves_nothing(mine, body, fields):
    answer = await mine.post("/api/conversations/import", content=body)
    assert answer.status_code == 400, answer.text
    assert [d["field"] for d in answer.json()["error"]["details"]] == fields
    assert (await mine.get("/api/conversations")).json()["items"] == []


async def test_a_file_that_is_too_large_is_refused(mine):
    answer = await mine.post("/api/conversations/import", content=b" " * 20_000_001)
    assert answer.status_code == 413


async def test_the_same_key_takes_a_file_in_once(mine):
    file = file_of(said())
    ids = {
        (
            await mine.post(
                "/api/conversations/import", json=file, headers={"Idempotency-Key": "a"}
            )
        ).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 1


async def test_a_guest_takes_nothing_in(signed_in, owner_connection, ada):
    guest = await signed_in(await make_colleague(owner_connection, ada, role="guest"))
    assert (await guest.post("/api/conversations/import", json=file_of())).status_code == 403


def test_a_tree_has_no_problems():
    first = said()
    file = file_of(first, answered(first, "So."), leaf=first["id"])
    assert tree_problems(ConversationFile.model_validate_json(json.dumps(file))) == []
