import io

import pytest

from ingest.extract.office.compound import Compound
from ingest.extract.office.ppt_records import Presentation, Text
from ingest.extract.segment import Unreadable
from tests.ingest.make_office import make_compound
from tests.ingest.make_ppt import container, make_ppt, make_slide, number, typed


def opened(content):
    return Presentation(Compound(io.BytesIO(content)))


def texts_of(content):
    presentation = opened(content)
    return [list(presentation.texts(slide)) for slide in presentation.slides()]


def test_texts_of_shapes_in_groups_of_groups():
    deep = typed(4, "a")
    for _ in range(20):
        deep = container(0xF003, deep)
    assert texts_of(make_ppt([make_slide(deep, typed(0, "\u03b2"))])) == [
        [Text(4, "a"), Text(0, "\u03b2")]
    ]


def test_shapes_that_refer_to_the_outline():
    outlines = {0: [typed(0, "title"), typed(1, "body")]}
    slide = make_slide(number(0x0F9E, 1), number(0x0F9E, 0), number(0x0F9E, 7))
    assert texts_of(make_ppt([slide], outlines=outlines)) == [[Text(1, "body"), Text(0, "title")]]


def test_notes_are_found_by_the_number_that_the_slide_gives():
    slides = [make_slide(typed(4, "a"), notes=901), make_slide(typed(4, "b"))]
    notes = [make_slide(typed(2, "other")), make_slide(typed(2, "said"))]
    presentation = opened(make_ppt(slides, notes=notes))
    found = [list(presentation.notes(slide)) for slide in presentation.slides()]
    assert found == [[Text(2, "said")], []]


def test_the_last_save_counts():
    assert texts_of(make_ppt([make_slide(typed(4, "a"))], edits=3)) == [[Text(4, "a")]]


def test_shapes_nested_without_end_are_left_alone():
    deep = typed(4, "a")
    for _ in range(500):
        deep = container(0xF003, deep)
    assert texts_of(make_ppt([make_slide(deep)])) == [[]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (make_ppt([], token=0xF3D1C4DF), "encrypted"),
        (make_compound({"PowerPoint Document": b"x", "Current User": b""}), "broken_file"),
        (
            make_compound({"PowerPoint Document": bytes(99), "Current User": bytes(20)}),
            "broken_file",
        ),
        (make_ppt([], edits=0), "broken_file"),
        (make_compound({"PowerPoint Document": b"x", "Text_Content": b"x"}), "old_format"),
    ],
)
def test_encrypted_and_damaged_ones_are_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        opened(content)
    assert caught.value.code == code
