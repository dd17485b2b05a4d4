import io
from pathlib import Path

import pytest

from ingest.extract.office.pptx import read
from ingest.extract.segment import Problem, Properties, Segment, Unreadable
from tests.ingest.make_files import make_zip, texts
from tests.ingest.make_office import P, line, make_package, make_pptx, relations, shape

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content, *, first=0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def test_a_page_for_each_slide_in_the_order_of_the_show():
    content = make_pptx(shape(line("a"), place="title"), shape(line("b")), "")
    assert items_of(content) == [
        Properties(),
        Segment(0, 1, None, "# a\n", 3),
        Segment(1, 2, None, "# Slide 2\n\nb\n", 3),
        Segment(2, 3, None, "", 3),
    ]
    assert items_of(content, first=2) == [Properties(), Segment(2, 3, None, "", 3)]


def test_notes_charts_and_diagrams_follow():
    chart = '<c:c xmlns:c="http://purl.oclc.org/ooxml/drawingml/chart"><c:tx><c:v>Ducks</c:v></c:tx></c:c>'
    notes = shape(line("say it"), place="body") + shape(line("1"), place="sldNum")
    kinds = {"notes.xml": "notesSlide", "chart.xml": "chart", "data.xml": "diagramData"}
    parts = {
        "ppt/slides/_rels/slide1.xml.rels": relations(kinds),
        "ppt/slides/notes.xml": f"<p:notes {P}>{notes}</p:notes>",
        "ppt/slides/chart.xml": chart,
        "ppt/slides/data.xml": f"<x {P}>{line('step')}</x>",
    }
    content = make_pptx(shape(line("T"), place="title"), parts=parts)
    assert texts(items_of(content)) == ["# T\n\nDucks\n\nstep\n\n## Notes\n\nsay it\n"]


def test_a_damaged_slide_is_a_problem_and_the_rest_goes_on():
    _, first, second = items_of(make_pptx("<p:sp>", shape(line("b"))))
    assert isinstance(first, Problem)
    assert (first.page, first.code) == (1, "page_unreadable")
    assert second == Segment(1, 2, None, "# Slide 2\n\nb\n", 2)


def test_slides_that_are_named_but_not_there_are_passed_over():
    parts = {"ppt/_rels/presentation.xml.rels": relations({"slides/slide2.xml": "slide"})}
    assert texts(items_of(make_pptx("", shape(line("x")), parts=parts))) == ["# Slide 1\n\nx\n"]


def test_a_real_presentation():
    first, second, third = texts(items_of((DATA / "powerpoint_sample.pptx").read_bytes()))
    assert first.startswith(
        "# Test Table Slide\n\nWith footnote\n\n | Class1 |  |  | Class2 |  | \n"
    )
    assert second == (
        "# Second slide title\n\nLet\u2019s introduce a list\n\n- With foo\n- Bar\n- And baz things\n\n"
        "A rectangle shape with this text inside.\n\n## Notes\n\nSome notes on the second slide.\n"
    )
    assert third.startswith("# Slide 3\n\n- List item4\n- List item5\n- List item6\n- I1\n")


@pytest.mark.parametrize(
    "content",
    [make_zip({"ppt/presentation.xml": "<x/>"}), make_package("ppt/presentation.xml", {})],
)
def test_damaged_presentations_are_refused(content):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "broken_file"
