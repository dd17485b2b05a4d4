from unittest.mock import ANY

import pytest

from tests.api.conversations.test_fork import cite
from tests.api.conversations.test_messages import make_file
from tests.api.conversations.test_tree import branch, post, write_reply
from tests.make import make_colleague


@pytest.fixture
async def path(mine):
    made = await mine.post("/api/conversations", json={"title": "Pension <plan>"})
    return f"/api/conversations/{made.json()['id']}"


async def test_the_json_holds_the_whole_tree_with_revisions_files_and_citations(
    mine, path, resources, owner_connection, ada
):
    file_id = await make_file(owner_connection, ada)
    asked = await post(mine, path, "Wen?", reply={}, attachments=[str(file_id)])
    await mine.patch(f"/api/messages/{asked['message']['id']}", json={"content": "When?"})
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "In May. [1]")
    await cite(owner_connection, ada, asked["run"]["id"], file_id)
    gone = await post(mine, path, "Gone")
    last = await post(mine, path, "Last")
    await mine.delete(f"/api/messages/{gone['id']}")
    answer = await mine.get(f"{path}/export")
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="conversation-{path.rpartition("/")[2]}.json"'
    )
    file = answer.json()
    assert (file["format"], file["version"]) == ("recollect.conversation", 1)
    assert file["conversation"] == {
        "id": path.rpartition("/")[2],
        "title": "Pension <plan>",
        "created_at": ANY,
        "active_leaf_id": last["id"],
    }
    question, reply, deleted, _ = file["messages"]
    assert (question["content"], question["revision"], question["author"]) == ("When?", 2, "ada")
    assert [r["content"] for r in question["revisions"]] == ["Wen?"]
    assert question["attachments"] == [{"file_id": str(file_id), "name": "a.txt"}]
    assert (reply["reply"]["model"], reply["reply"]["state"]) == ("extractive", "complete")
    (citation,) = reply["reply"]["citations"]
    assert (citation["file_id"], citation["quote"], citation["verdict"]) == (
        str(file_id), "May", "verbatim",
    )  # fmt: skip
    assert (deleted["content"], deleted["deleted_at"] is not None) == ("", True)


async def test_a_source_that_the_reader_may_not_see_is_not_in_his_file(
    mine, path, resources, owner_connection, ada, signed_in
):
    file_id = await make_file(owner_connection, ada)
    asked = await post(mine, path, "When?", reply={}, attachments=[str(file_id)])
    await write_reply(resources, owner_connection, ada, asked["run"]["id"], "In May. [1]")
    await cite(owner_connection, ada, asked["run"]["id"], file_id)
    bob = await make_colleague(owner_connection, ada)
    await mine.put(f"{path}/members", json={"principal": str(bob.account_id)})
    for wanted in ("json", "markdown", "html"):
        hers, his = [
            (await who.get(f"{path}/export?format={wanted}")).text
            for who in (mine, await signed_in(bob))
        ]
        assert "a.txt" in hers
        assert not any(word in his for word in ("a.txt", str(file_id), "“May”", ">May<"))


async def test_the_others_hold_what_is_read(mine, path):
    first = await post(mine, path, "First <b>")
    await branch(mine, first, "Other <i>")
    markdown = (await mine.get(f"{path}/export?format=markdown")).text
    html = await mine.get(f"{path}/export?format=html")
    assert markdown.startswith("# Pension \\<plan\\>\n\n## ada, ")
    assert "Other \\<i>" in markdown
    assert "First" not in markdown
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Other &lt;i&gt;" in html.text
    assert "First" not in html.text
    assert html.text.endswith("</body></html>\n")


async def test_a_conversation_of_several_pages_is_written_whole(mine, path):
    for n in range(60):
        await post(mine, path, f"Message {n}")
    file = (await mine.get(f"{path}/export")).json()
    assert [m["content"] for m in file["messages"]] == [f"Message {n}" for n in range(60)]


async def test_an_empty_conversation_is_a_file_too(mine, path):
    assert (await mine.get(f"{path}/export")).json()["messages"] == []
    assert (await mine.get(f"{path}/export?format=pdf")).status_code == 400
