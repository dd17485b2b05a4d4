import io

import pytest

from ingest.extract.mail.tnef import ATTACHMENT, BINARY, DATA, PAGE, RTF, STRING8, SUBJECT, TITLE
from ingest.extract.mail.winmail import read
from ingest.extract.segment import Member, Properties, Segment, Unreadable
from tests.ingest.extract.mail.test_tnef import make_tnef, mapi


def items_of(content: bytes):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def test_a_message_by_itself_is_its_text_and_its_files():
    content = make_tnef(
        message=mapi((PAGE, BINARY, b"<p>Low <b>water</b><img src='cid:1@a'>")),
        attributes={SUBJECT: b"Tides\0"},
        attached=[
            {TITLE: b"plan.csv\0", DATA: b"a,b"},
            {TITLE: b"shown.png\0", DATA: b"x", ATTACHMENT: mapi((0x3712, STRING8, b"1@a\0"))},
            {DATA: b"2"},
        ],
    )
    assert items_of(content) == [
        Properties(title="Tides"),
        Segment(0, None, None, "# Tides\n\nAttachments: plan.csv, attachment 2\n\nLow water\n"),
        Member(1, "plan.csv", b"a,b", True),
        Member(2, "attachment 2", b"2", True),
    ]


def test_packed_rtf_is_read():
    rtf = b"{\\rtf1 Low water\\par}"
    packed = (
        len(rtf + bytes(12)).to_bytes(4, "little")
        + len(rtf).to_bytes(4, "little")
        + b"MELA"
        + bytes(4)
    )
    content = make_tnef(message=mapi((RTF, BINARY, packed + rtf)))
    assert items_of(content) == [Segment(0, None, None, "# No subject\n\nLow water\n")]


def test_anything_else_is_refused():
    with pytest.raises(Unreadable) as caught:
        items_of(b"text")
    assert caught.value.code == "broken_file"
