import io
from pathlib import Path

import pytest

from ingest.extract.markup.org import read
from ingest.extract.segment import Properties, Segment

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(raw), first=0, most_characters=10**6))


def text_of(content):
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def test_a_real_page():
    text = text_of((DATA / "README.org").read_bytes())
    assert [line for line in text.split("\n") if line.startswith(("#", "```"))] == [
        "# Example Docs",
        "## XBRL 10-K",
        "```bash",
        "```",
    ]
    assert "-  ~example-10k.html~ - A 10-K SEC filing in HTML format\n" in text


def test_keywords_at_the_top_are_properties():
    head = "#+TITLE: The Title\n#+AUTHOR: Ada\n#+DATE: <2020-01-02 Thu>\n#+LANGUAGE: en\n* H\n"
    assert items_of(head) == [
        Properties("The Title", "Ada", "2020-01-02", "", "en"),
        Segment(0, None, None, "# The Title\n## H\n"),
    ]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("* TODO A :tag:\n*** B\n*bold*\n", "# TODO A :tag:\n### B\n*bold*\n"),
        ("a\n:PROPERTIES:\n:ID: 1\n:END:\nb\n", "a\nb\n"),
        ("# hidden\n#+OPTIONS: x\n#+CAPTION: A cat\n", "A cat\n"),
        ("#+begin_src sh\n# kept\n* kept\n#+END_SRC\n* H\n", "```sh\n# kept\n* kept\n```\n# H\n"),
        ("#+BEGIN_QUOTE\na [[x][b]]\n#+END_QUOTE\n", "a b (x)\n"),
        ("#+BEGIN_COMMENT\nhidden\n#+END_COMMENT\nb\n", "b\n"),
        ("| a | b |\n|---+---|\n| c | d |\n", "| a | b |\n| c | d |\n"),
        ("[[http://x.org][here]] and [[file:y]]\n", "here (http://x.org) and file:y\n"),
    ],
)
def test_markup_becomes_light_structure(markup, expected):
    assert text_of(markup) == expected
