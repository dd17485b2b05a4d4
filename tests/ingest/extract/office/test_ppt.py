import io

from ingest.extract.office.ppt import read
from ingest.extract.segment import Properties, Segment
from tests.ingest.make_ppt import make_ppt, make_slide, typed


def items_of(content, *, first=0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def test_a_page_for_each_slide():
    slides = [
        make_slide(typed(1, "a\rb\vc"), typed(6, "Title"), typed(4, "aside"), notes=900),
        make_slide(typed(4, "\u00fcber")),
        make_slide(),
    ]
    notes = [make_slide(typed(4, "7"), typed(2, "say it\r\rtwice"))]
    content = make_ppt(slides, notes=notes)
    assert items_of(content) == [
        Properties(),
        Segment(0, 1, None, "# Title\n\n- a\n- b\nc\n\naside\n\n## Notes\n\nsay it\n\ntwice\n", 3),
        Segment(1, 2, None, "# Slide 2\n\n\u00fcber\n", 3),
        Segment(2, 3, None, "", 3),
    ]
    assert items_of(content, first=2) == [Properties(), Segment(2, 3, None, "", 3)]
