import io

import pytest

from ingest.extract.archive import open_archive
from ingest.extract.office.odf_story import Story
from ingest.extract.office.xml_parts import parse
from tests.ingest.make_office import make_odf


def story_of(content):
    story = Story()
    for _ in parse(open_archive(io.BytesIO(make_odf(content))), "content.xml", story):
        pass
    return story


def listed(*texts):
    each = "".join(f"<text:list-item>{text}</text:list-item>" for text in texts)
    return f"<text:list>{each}</text:list>"


def p(text):
    return f"<text:p>{text}</text:p>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (p("a") + p("") + p("b"), "a\n\nb\n"),
        (p("a\n  b<text:s text:c='3'/>c<text:tab/>d<text:line-break/>e"), "a b   c\td\ne\n"),
        ('<text:h text:outline-level="2">H</text:h><text:h>I</text:h>', "## H\n\n# I\n"),
        (
            '<style:style style:name="P1" style:parent-style-name="Title"/><text:p text:style-name="P1">T</text:p>',
            "# T\n",
        ),
        ('<style:style style:name="P" style:parent-style-name="P"/><text:p text:style-name="P">a</text:p>', "a\n"),
        (listed(p("a") + p("b"), p("c") + listed(p("d"))), "- a\n  b\n- c\n  - d\n"),
        (
            (
                f"<table:table><table:table-row><table:table-cell>{p('a')}{p('b')}</table:table-cell>"
                f"<table:covered-table-cell/><table:table-cell>{p('c')}</table:table-cell></table:table-row></table:table>"
            ),
            "a b |  | c\n",
        ),
        (p(f"one<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('note')}</text:note-body></text:note> two") + p("three"), "one two\n\nnote\n\nthree\n"),
        (p(f"outer<draw:frame><draw:text-box>{p('box')}</draw:text-box></draw:frame>"), "box\n\nouter\n"),
        (p("<draw:frame><svg:desc>Two ducks</svg:desc></draw:frame>"), "Two ducks\n"),
        (p(f"a<office:annotation>{p('gone')}</office:annotation>"), "a\n"),
        (f"<text:tracked-changes>{p('gone')}</text:tracked-changes>{p('page <text:page-number>7</text:page-number>')}", "page\n"),
        ("stray" + p("a"), "a\n"),
    ],
)  # fmt: skip
def test_blocks_in_document_order(content, expected):
    assert story_of(content).blocks.drain() == expected


def test_a_title_is_kept_apart_and_what_each_slide_repeats_is_left_out():
    frames = "".join(
        f'<draw:frame presentation:class="{kind}">{p(kind)}</draw:frame>'
        for kind in ("title", "footer", "page-number", "outline")
    )
    story = story_of(frames)
    assert (story.titles, story.blocks.drain()) == (["title"], "outline\n")


def test_lists_without_end_are_not_indented_without_end():
    deep = 5_000
    content = "<text:list>" * deep + p("a") + "</text:list>" * deep
    assert len(story_of(content).blocks.drain()) < 30
