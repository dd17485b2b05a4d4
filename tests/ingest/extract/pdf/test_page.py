from contextlib import contextmanager

import pytest

from ingest.extract.pdf.layout import lines
from ingest.extract.pdf.page import PdfiumError
from tests.ingest.extract.pdf.test_document import opened
from tests.ingest.make_files import make_pdf, nested, show

IMAGE = (
    b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"
    b"/Length 1>>stream\nx\nendstream"
)
IMAGES = b"/XObject<</X 4 0 R>>"


@contextmanager
def page_of(content_stream, **others):
    with opened(make_pdf([content_stream], **others)) as document, document.page(0) as page:
        yield page


def words_of(page):
    return page.words(most_characters=1000) or []


@pytest.mark.parametrize(
    ("turn", "matrix"),
    [(0, b"1 0 0 1 50 700"), (90, b"0 1 -1 0 100 50"), (180, b"-1 0 0 -1 550 100"), (270, b"0 -1 1 0 500 750")],
)  # fmt: skip
def test_words_lie_as_the_page_is_seen_however_it_is_turned(turn, matrix):
    stream = b"BT /F 12 Tf " + matrix + b" Tm (Two words) Tj 0 -14 Td (below) Tj ET"
    with page_of(stream, page=b"/Rotate %d" % turn) as page:
        words = words_of(page)
        assert [(w.text, w.starts_line) for w in words] == [("Two", True), ("words", False), ("below", True)]  # fmt: skip
        two, other, below = words
        assert two.left < two.right < other.left < other.right
        assert two.bottom > below.bottom
        assert abs(two.left - below.left) < 1


def test_a_page_of_more_characters_is_none():
    with page_of(show("abc")) as page:
        assert page.words(most_characters=2) is None


def test_characters_without_a_meaning_move_no_other_words():
    """A font that maps its letters to nothing; what follows still begins where it stands."""
    to_unicode = (
        b"/CIDInit /ProcSet findresource begin 1 begincmap 1 begincodespacerange <00> <ff> "
        b"endcodespacerange 1 beginbfchar <61> <0000> endbfchar endcmap end end"
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>"
    map_ = b"<</Length %d>>stream\n%s\nendstream" % (len(to_unicode), to_unicode)
    stream = b"BT /G 12 Tf 50 700 Td (aa) Tj ET " + show("left")
    with page_of(stream, objects=(font, map_), resources=b"/Font<</F 3 0 R/G 4 0 R>>") as page:
        last = words_of(page)[-1]
        assert last.text.endswith("left")


def test_filled_in_fields_have_their_names_and_empty_ones_are_left_out():
    fields = (
        b"<</Fields[5 0 R 6 0 R 7 0 R 8 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(form.name[0])/V(Ada)/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(x)/TU(Home port)/V(Norwich)/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(empty)/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Btn/T(agreed)/V/Off/AS/Off/Rect[0 0 9 9]>>",
    )
    annotations = b"/Annots[5 0 R 6 0 R 7 0 R 8 0 R]"
    with page_of(show("a"), objects=fields, catalog=b"/AcroForm 4 0 R", page=annotations) as page:
        assert page.fields() == ["name: Ada", "Home port: Norwich"]  # fmt: skip


def test_notes_but_no_links_and_nothing_hidden():
    notes = (
        b"<</Type/Annot/Subtype/Highlight/Contents(A good point)/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Text/F 2/Contents(hidden)/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Link/Contents(link)/Rect[0 0 9 9]>>",
    )
    with page_of(show("a"), objects=notes, page=b"/Annots[4 0 R 5 0 R 6 0 R]") as page:
        assert page.notes() == ["A good point"]


def test_how_much_of_the_page_pictures_cover():
    with page_of(b"300 0 0 400 0 0 cm /X Do", objects=(IMAGE,), resources=IMAGES) as page:
        assert page.picture_share() == pytest.approx(0.25)
        assert not page.is_empty()
    with page_of(b"") as page:
        assert (page.picture_share(), page.is_empty()) == (0.0, True)


def test_a_picture_within_a_form_counts_as_much_as_the_form():
    form = b"<</Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X 4 0 R>>>>/Length 28>>stream\n600 0 0 800 0 0 cm /X Do    \nendstream"  # fmt: skip
    resources = b"/XObject<</Y 5 0 R>>"
    with page_of(b"/Y Do", objects=(IMAGE, form), resources=resources) as page:
        assert page.picture_share() == pytest.approx(1.0)


def test_the_page_is_drawn_at_the_resolution_that_fits():
    with page_of(b"0 0 600 400 re f") as page:
        look = page.look(dots_per_inch=72, most_pixels=10**6)
        assert (look.width, look.height) == (600, 800)
        assert (look.pixels[0], look.pixels[-1]) == (255, 0)
        small = page.look(dots_per_inch=72, most_pixels=4800)
        assert (small.width, small.height) == (60, 80)


def test_a_page_of_no_shape_is_not_drawn():
    ribbon = b"/MediaBox[0 0 14400 .01]"
    with page_of(b"0 0 9 9 re f", page=ribbon) as page, pytest.raises(PdfiumError):
        page.look(dots_per_inch=7200, most_pixels=100)


def test_text_in_nested_forms_is_found():
    with page_of(b"/X Do", objects=nested(show("deep"), depth=1), resources=IMAGES) as page:
        assert set(lines(words_of(page))) == {"deep"}
