import pytest

from ingest.extract.office.number_format import number_format
from tests.ingest.extract.office.test_sheet import text_of
from tests.ingest.make_office import make_xlsx, relations


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0%", 0.125, "13%"),
        ("0.00%", 0.07, "7.00%"),
        ("0.0#%", 1 / 3, "33.33%"),
        ("0.0#%", 0.5, "50.0%"),
        ('#,##0.00\\ "€"', 1234.5, "1234.50 €"),
        ("#,##0.00 [$€-407];[Red]-#,##0.00 [$€-407]", -3.005, "-3.01 €"),
        ('_("$"* #,##0.00_);_("$"* (#,##0.00)', 1e6, "$1000000.00"),
        ("[$£-809]#,##0", 0.4, "£0"),
        ("[$£-809]#,##0", 1e300, "1e+300"),
        ("0%", float("inf"), "inf"),
        ("0%", float("nan"), "nan"),
        ("0." + "0" * 200 + "%", 0.5, "0.5"),
    ],
)
def test_a_number_is_shown_with_its_sign_and_rounded(code, value, shown):
    found = number_format(code)
    assert found is not None
    assert found.shown(value) == shown


@pytest.mark.parametrize(
    "code",
    ["", "General", "0.00", "#,##0", "d.m.yyyy", "0.00E+00%", "# ?/?", '0" kg"', "[$CHF] 0", "@", "0,,%", "0 0%", "0.0.0%"],
)  # fmt: skip
def test_other_formats_are_left_alone(code):
    assert number_format(code) is None


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


def test_cells_of_a_workbook_have_the_format_of_their_style():
    parts = {"xl/styles.xml": STYLES, "xl/_rels/workbook.xml.rels": RELATIONS}
    assert text_of(make_xlsx(CELLS, parts=parts)) == (
        "# S\n\nRows 3-4:\n5.00% | 1234.50 € | 0.05\nnone | -7.00 €\n"
    )


def test_where_the_styles_declare_entities_numbers_are_bare():
    styles = f'<!DOCTYPE x [<!ENTITY a "b">]>{STYLES}'
    parts = {"xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": RELATIONS}
    assert text_of(make_xlsx(CELLS, parts=parts)).startswith("# S\n\nRows 3-4:\n0.05 | 1234.5 |")
