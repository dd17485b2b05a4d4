from datetime import UTC, datetime

import pytest

from api.conversations.file import FileAttachment, FileCitation, FileHead, FileMessage, FileReply
from api.conversations.transcript_markdown import message, title
from core.ids import new_id

AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


def said(content="Hello", **changed):
    values = {
        "id": new_id(), "parent_id": None, "role": "user", "author": "Ada", "content": content, "revision": 1,
        "created_at": AT, "edited_at": None, "deleted_at": None, "attachments": (), "revisions": (), "reply": None,
    }  # fmt: skip
    return FileMessage.model_validate(values | changed)


def cited(**changed):
    values = {
        "ref": 1, "kind": "file", "file_id": new_id(), "version": 1, "conversation_id": None, "message_id": None,
        "title": "plan.pdf", "headings": (), "pages": (3, 4), "source_span": {"start": 0, "end": 6},
        "answer_span": {"start": 0, "end": 5}, "quote": "in May", "verdict": "verbatim", "score": 1.0,
    }  # fmt: skip
    return FileCitation.model_validate(values | changed)


def reply(*citations):
    return FileReply(model="extractive", state="complete", citations=citations)


def test_a_message_says_who_when_and_what():
    assert message(said("Hello\nthere")) == "\n## Ada, 2026-05-01 09:30 UTC\n\nHello\nthere\n"


def test_a_reply_lists_its_sources_and_a_question_its_files():
    answer = said(
        "In May. [1]", role="assistant", author="", parent_id=new_id(),
        reply=reply(cited(), cited(ref=2, title="", quote="", pages=None, verdict="unverified")),
    )  # fmt: skip
    assert message(answer) == (
        "\n## Recollect, 2026-05-01 09:30 UTC\n\nIn May. [1]\n\n"
        "- \\[1\\] plan.pdf, p. 3-4: “in May”\n- \\[2\\] A source that is not shown (not verified)\n"
    )
    asked = said(attachments=(FileAttachment(file_id=new_id(), name="a_b.txt"),))
    assert message(asked).endswith("Hello\n\nFiles: a\\_b.txt\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("# Not a heading", "\\# Not a heading"),
        ("Title\n=====\nSub\n---", "Title\n\\=====\nSub\n\\---"),
        ("<script>x</script>", "\\<script>x\\</script>"),
        ("```\n# <b>\n```", "```\n# <b>\n```"),
        ("```\nopen", "```\nopen\n```"),
        ("~~~\n```\nopen", "~~~\n```\nopen\n~~~"),
        ("``` `x`\n<b>", "``` `x`\n\\<b>"),
        ("![x](https://evil.example)", "!\\[x](https://evil.example)"),
        ("![x]\n\n[x]: https://evil.example", "!\\[x]\n\n\\[x]: https://evil.example"),
        ("- ```\n![x](https://evil.example)", "- ```\n!\\[x](https://evil.example)"),
        ("- a\n  ```\n![x][y]", "- a\n  ```\n!\\[x][y]\n```"),
        ("```rust\n#![allow(x)]\n```", "```rust\n#![allow(x)]\n```"),
    ],
)
def test_what_was_written_cannot_become_part_of_the_frame(content, words):
    assert message(said(content)).partition("UTC\n\n")[2] == f"{words}\n"


def test_a_deleted_message_has_no_words():
    assert message(said("", deleted_at=AT)).endswith("\n\n*Deleted*\n")


def test_titles_and_names_are_text_on_one_line():
    head = FileHead(id=new_id(), title="A\n# *B* <i>", created_at=AT, active_leaf_id=None)
    assert title(head) == "# A \\# \\*B\\* \\<i\\>\n"
    assert title(head.model_copy(update={"title": ""})) == "# Conversation\n"
    assert message(said(author="[x](y)")).startswith("\n## \\[x\\](y), ")
