import json

from core.ids import new_id
from tests.api.conversations.test_conversation_import import answered, cited, file_of, said


async def test_a_file_is_taken_in_and_written_out_again(ada, recollect, tmp_path):
    question = said("When?", attachments=[{"file_id": str(new_id()), "name": "gone.txt"}])
    file = file_of(question, answered(question, "In May.", cited("x", 0)), title="Old talk")
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(file))
    taken = await recollect("import", str(path))
    assert taken.exit_code == 0, taken.output
    assert taken.stderr.splitlines() == [
        "Old talk: 2 messages.",
        "Citations whose sources are not here to be looked at: 1.",
        "Attached files that are not here, or not yours to see: 1.",
    ]
    conversation_id = taken.stdout.strip()
    written = await recollect("export", conversation_id)
    assert [m["content"] for m in json.loads(written.stdout)["messages"]] == ["When?", "In May."]
    markdown = await recollect("export", "--format", "markdown", conversation_id)
    assert markdown.stdout.startswith("# Old talk\n")


async def test_what_is_no_export_or_not_there_is_said_in_one_line(ada, recollect, tmp_path):
    path = tmp_path / "talk.json"
    path.write_text("{}")
    assert (await recollect("import", str(path))).stderr.startswith(
        "recollect: The file is no export"
    )
    absent = await recollect("export", str(new_id()))
    assert (absent.exit_code, absent.stderr) == (1, "recollect: No such conversation.\n")
