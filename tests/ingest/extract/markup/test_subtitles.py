import io
from pathlib import Path

import pytest

from ingest.extract.markup.subtitles import read

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return "".join(one.text for one in read(io.BytesIO(raw), first=0, most_characters=10**6))


def test_a_real_conversation():
    text = text_of((DATA / "webvtt_example_01.vtt").read_bytes())
    assert text.startswith(
        "[00:00:11]\nRoger Bingham: We are in New York City\n"
        "We\u2019re actually at the Lucern Hotel, just down the street\n"
    )
    assert text.endswith(
        "Roger Bingham: You know I\u2019m so excited my glasses are falling off here.\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1\n00:00:01,000 --> 00:00:02,000\n<i>Hello</i>\nthere\n\n2\n00:00:03,5 --> 00:00:04,0\n{\\an8}Bye &amp; out\n",
            "[00:00:01]\nHello\nthere\nBye & out\n",
        ),
        (
            ("WEBVTT - x\n\nNOTE none of this\n\nSTYLE\n::cue {}\n\n01:02.000 --> 01:03.000 align:start\n"
             "a<00:01:02.500><c> b</c>\n\nNOTE nor this\n\n01:40.000 --> 01:41.000\na b\nc\n"),
            "[00:01:02]\na b\n\n[00:01:40]\nc\n",
        ),
        ("1:00:00.0 --> 1:00:01.0\n<v.loud Ann>a</v>\n<v Ann>b\n<v Bo>c", "[01:00:00]\nAnn: a\nb\nBo: c\n"),
        ("no times at all\n\nin here", "no times at all\n\nin here\n"),
        ("0:01 --> 0:02\n1 < 2 and 3 > 2\n", "[00:00:01]\n1 < 2 and 3 > 2\n"),
    ],
)  # fmt: skip
def test_words_stay_and_the_rest_goes(text, expected):
    assert text_of(text) == expected
