import io
from pathlib import Path

import pytest

from ingest.extract.mail.msg import read
from ingest.extract.segment import Member, Properties, Segment, Unreadable

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content: bytes, *, first: int = 0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def test_a_real_message_is_its_heads_its_text_and_its_attachments():
    content = (DATA / "msg_with_attachment.msg").read_bytes()
    items = items_of(content)
    assert items[:2] == [
        Properties(
            "Email with Attachment", "Alice Example <alice@example.com>", "2026-05-20T10:30:00Z"
        ),
        Segment(0, None, None, (
            "# Email with Attachment\n\n"
            "From: Alice Example <alice@example.com>\nTo: Bob Example <bob@example.com>\n"
            "Date: 2026-05-20T10:30:00Z\nAttachments: test.txt, report.pdf\n\n"
            "This email contains an attachment.\n"
        )),
    ]  # fmt: skip
    assert [(item.path, len(item.data)) for item in items[2:] if isinstance(item, Member)] == [
        ("test.txt", 64),
        ("report.pdf", 26),
    ]
    assert items_of(content, first=2) == [items[0], items[3]]


def test_the_heads_are_those_that_a_message_came_with():
    items = items_of((DATA / "fake-email-attachment.msg").read_bytes())
    assert items[0] == Properties(
        "Fake email with attachment",
        '"Mallori Harrell" <mallori@unstructured.io>',
        "2022-12-23T12:08:48-06:00",
    )
    assert isinstance(items[1], Segment)
    assert (
        "\nMessage-ID: <CAPgNNXSzLVJ-d1OCX_TjFgJU7ugtQrjFybPtAMmmYZzphxNFYg@mail" in items[1].text
    )
    assert items[2] == Member(1, "fake-attachment.txt", b"Hey this is a fake attachment!", True)


@pytest.mark.parametrize("cut", [0, 600, 3000])
def test_what_is_no_whole_message_is_refused_or_read_in_part(cut):
    content = (DATA / "msg_with_attachment.msg").read_bytes()[:cut]
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "broken_file"
