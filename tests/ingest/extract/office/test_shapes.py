import io

import pytest

from ingest.extract.archive import open_archive
from ingest.extract.office.shapes import LISTS, Shapes
from ingest.extract.office.xml_parts import parse
from tests.ingest.make_files import make_zip
from tests.ingest.make_office import P, line, shape


def shapes_of(inner, **how):
    archive = open_archive(io.BytesIO(make_zip({"s.xml": f"<p:sld {P}>{inner}</p:sld>"})))
    shapes = Shapes(**how)
    for _ in parse(archive, "s.xml", shapes):
        pass
    return shapes.title, shapes.blocks.drain()


def table(*rows):
    cells = (
        "".join(f"<a:tc><a:txBody>{line(cell)}</a:txBody></a:tc>" for cell in row) for row in rows
    )
    return f"<a:tbl>{''.join(f'<a:tr>{row}</a:tr>' for row in cells)}</a:tbl>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (shape(line("a"), line(""), line("b")), ("", "a\n\nb\n")),
        (shape(line("T"), place="ctrTitle") + shape(line("U"), place="title"), ("T U", "")),
        (shape(line("7"), place="sldNum") + shape(line("foot"), place="ftr"), ("", "")),
        (shape("<a:p><a:r><a:t>a</a:t></a:r><a:br/><a:r><a:t>b</a:t></a:r></a:p>"), ("", "a\nb\n")),
        (
            shape("<a:p><a:fld type='slidenum'><a:t>7</a:t></a:fld><a:r><a:t>a</a:t></a:r></a:p>"),
            ("", "a\n"),
        ),
        (
            shape(line("a", properties='<a:pPr lvl="1"><a:buChar char="x"/></a:pPr>')),
            ("", "  - a\n"),
        ),
        (f"<p:grpSp>{shape(line('in a group'))}</p:grpSp>", ("", "in a group\n")),
        (table(["a", "b"], ["c", ""]), ("", "a | b\nc | \n")),
        (
            '<p:pic><p:cNvPr descr="Two ducks"/></p:pic><p:cNvPr descr="no picture"/>',
            ("", "Two ducks\n"),
        ),
        ('<p:pic><p:cNvPr descr="image1.png"/></p:pic>', ("", "")),
        (f"<mc:Fallback>{shape(line('again'))}</mc:Fallback>", ("", "")),
        ("<a:t>stray</a:t>", ("", "")),
    ],
)
def test_what_shapes_say(inner, expected):
    assert shapes_of(inner) == expected


def test_places_for_lists_hold_items():
    inner = shape(line("a"), line("b", properties="<a:pPr><a:buNone/></a:pPr>"), place="")
    assert shapes_of(inner, lists=LISTS) == ("", "- a\n\nb\n")
    assert shapes_of(inner) == ("", "a\n\nb\n")
