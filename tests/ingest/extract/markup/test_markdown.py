import io

import pytest

from ingest.extract.markup.markdown import read
from ingest.extract.segment import Properties, Segment, Unreadable


def items_of(text):
    return list(read(io.BytesIO(text.encode()), first=0, most_characters=10**6))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            "---\ntitle: \"On Things\"\nauthor: Ada\ndate: 2020-01-02 03:04:05\nlang: en\n---\n# Other\n",
            Properties("On Things", "Ada", "2020-01-02T03:04:05", "", "en"),
        ),
        ("---\nauthors:\n  - name: Ada\n    mail: x\n  - Bo\nupdated: 2021-01-02\n...\n", Properties("", "Ada", "", "2021-01-02")),
        ("---\nauthors: [Ada, 'Bo']\nnested:\n  title: no\ndate: today\n---\n# T #\n", Properties("T", "Ada; Bo")),
        ("+++\ntitle = 'On Things'\ndate = 2020-01-02T03:04:05Z\n+++\n", Properties("On Things", "", "2020-01-02T03:04:05Z")),
        ("---\ntitle: never closed\n", Properties()),
        ("text\n## Low\n# Top\n", Properties("Top")),
        ("", Properties()),
    ],
)  # fmt: skip
def test_front_matter_or_the_first_heading_says_what_it_is(head, expected):
    assert items_of(head)[0] == expected


def test_the_text_stays_as_it_is():
    text = "---\ntitle: T\n---\n\n# A\n\n- *b*\n"
    assert items_of(text)[1:] == [Segment(0, None, None, text)]


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(Unreadable):
        read(io.BytesIO(b"x" * 10), first=0, most_characters=9)
