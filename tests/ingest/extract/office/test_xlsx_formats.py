import io

from ingest.extract.archive import open_archive
from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import NumberFormat
from ingest.extract.office.xlsx_formats import xlsx_cells
from tests.ingest.extract.office.test_sheet import text_of
from tests.ingest.make_office import make_xlsx, relations

STYLES = (
    '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<numFmts><numFmt numFmtId="164" formatCode="#,##0.00\\ &quot;€&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>'
)
CELLS = (
    '<row r="3"><c r="C3" s="1"><v>0.05</v></c><c r="D3" s="2"><v>1234.5</v></c><c r="E3"><v>0.05</v></c></row>'
    '<row r="4"><c r="C4" t="str" s="1"><v>none</v></c><c s="2" t="n" r="D4"><v>-7</v></c></row>'
)
RELATIONS = relations({"worksheets/sheet1.xml": "worksheet", "styles.xml": "styles"})


def workbook(styles=STYLES):
    parts = {"xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": RELATIONS}
    return make_xlsx(CELLS, parts=parts)


def test_a_cell_has_the_format_of_the_style_that_it_names():
    percent, money = NumberFormat("", "%", 2, 2), NumberFormat("", " €", 2, 2)
    cells = [(2, 2, percent), (2, 3, money), (3, 2, percent), (3, 3, money)]
    found = xlsx_cells(open_archive(io.BytesIO(workbook())), ["another", "S"])
    assert list(found) == [FormattedCell(1, *each) for each in cells]


def test_numbers_are_read_as_they_are_shown():
    assert text_of(workbook()) == ("# S\n\nRows 3-4:\n5.00% | 1234.50 € | 0.05\nnone | -7.00 €\n")


def test_where_the_styles_declare_entities_numbers_are_bare():
    styles = f'<!DOCTYPE x [<!ENTITY a "b">]>{STYLES}'
    assert text_of(workbook(styles)).startswith("# S\n\nRows 3-4:\n0.05 | 1234.5 |")
