import io

import pytest

from ingest.extract.mail import mbox
from ingest.extract.mail.mbox import read
from ingest.extract.segment import Member, Problem, Properties, Segment

ENVELOPE = "From a@example.org Mon Jan  1 10:00:00 2024\n"
FIRST = f"{ENVELOPE}Subject: One\n\nFrom here on the tide rises at 10:30.\n>From quoted\n\n"
SECOND = (
    f"{ENVELOPE}Subject: Two/2\nContent-Type: multipart/mixed; boundary=b\n\n"
    "--b\n\nsee there\n--b\nContent-Disposition: attachment; filename=t.txt\n\nTides\n--b--\n\n"
)
THIRD = f"{ENVELOPE}Subject: Three\n\nlast\n"


def items_of(content: str, *, first: int = 0):
    return list(read(io.BytesIO(content.encode()), first=first, most_characters=10**6))


ALL = [
    Properties(),
    Segment(
        0,
        None,
        None,
        "# One\n\nFrom here on the tide rises at 10:30.\nFrom quoted\n\n"
        "# Two/2\n\nAttachments: t.txt\n\nsee there\n",
    ),
    Member(1, "2 Two 2/t.txt", b"Tides", True),
    Segment(2, None, None, "\n# Three\n\nlast\n"),
]


@pytest.mark.parametrize("first", range(4))
def test_mails_come_in_order_each_under_its_subject(first):
    assert items_of(FIRST + SECOND + THIRD, first=first) == [ALL[0], *ALL[1 + first :]]


def test_windows_line_ends_part_mails_too():
    content = (FIRST + SECOND + THIRD).replace("\n", "\r\n")
    assert [item[1] for item in items_of(content) if isinstance(item, Member)] == ["2 Two 2/t.txt"]


def test_a_mail_that_is_far_too_large_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(mbox, "MOST_BYTES", 200)
    items = items_of(FIRST + ENVELOPE + "Subject: Big\n\n" + "x" * 300 + "\n\n" + THIRD)
    assert [item[2] for item in items if isinstance(item, Problem)] == ["mail_too_large"]
    assert items[-1] == Segment(2, None, None, "\n# Three\n\nlast\n")
