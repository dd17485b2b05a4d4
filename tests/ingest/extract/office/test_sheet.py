import io
from pathlib import Path

import pytest

from ingest.extract.office.sheet import read
from ingest.extract.segment import Problem, Properties, Unreadable
from tests.ingest.make_files import OFFICE, make_zip, texts
from tests.ingest.make_office import (
    P,
    S,
    line,
    make_compound,
    make_odf,
    make_xlsx,
    relations,
    row,
)

DATA = Path(__file__).parents[3] / "data" / "files"
DUCKS = (
    "# {}\n\nNumber of freshwater ducks per year\n\nRows 5-10: Year | Freshwater Ducks\n"
    "2019 | 120\n2020 | 135\n2021 | 150\n2022 | 170\n2023 | 160\n2024 | 180\n"
)


def items_of(content):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def text_of(content):
    return "".join(texts(items_of(content)))


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("xlsx_05_table_with_title.xlsx", "Duck Observations"),
        ("odf_table_with_title_01.ods", "Sheet1"),
    ],
)
def test_real_workbooks_with_a_title_and_a_header(name, sheet):
    assert text_of((DATA / name).read_bytes()) == DUCKS.format(sheet)


@pytest.mark.parametrize("name", ["date_1904.xls", "date_1904.xlsb"])
def test_real_workbooks_of_older_formats(name):
    expected = "# Sheet1\n\nRows 1-3:\n2021-01-01 | 15\n2021-01-02 | 16\n255:10:10 | 17\n"
    assert text_of((DATA / name).read_bytes()) == expected


def test_amounts_of_money_in_a_real_opendocument_spreadsheet():
    assert text_of((DATA / "currency4.ods").read_bytes()) == (
        "# Sheet1\n\nRows 1-6:\n$1.23 | CAD\n£2.23 | GBP\n￥3 | JPY\n￥4.23 | Chinese\n$6.23 | USD\n7.23 € | EUR (France)\n"
    )


def test_amounts_of_money_in_a_real_workbook_of_excel_97():
    first = "PPW1015 | Passe partout 10x15cm-7x10 wit | € 1.18 | € 2.95 | 21 | 1 |"
    assert f"\n{first} Fotolijsten | lijstopmaat\n" in text_of(
        (DATA / "issue2239.xls").read_bytes()
    )


def test_a_stray_cell_makes_no_empty_text():
    rows = row(1, "a", "b", "", "") + row(3, "", "", "", "d")
    assert text_of(make_xlsx(rows)) == "# S\n\nRow 3: a | b\n |  |  | d\n"


def test_a_sheet_with_a_cell_beyond_the_last_is_told_at_once():
    """Half a minute of empty rows, then `too_slow`."""
    (problem,) = items_of(make_xlsx('<row r="9999999999"><c r="A9999999999"><v>1</v></c></row>'))[
        1:
    ]
    assert isinstance(problem, Problem)
    assert (problem.code, problem.message) == (
        "sheet_unreadable",
        "The sheet S is damaged and cannot be read.",
    )


def test_a_damaged_sheet_is_a_problem_behind_the_others():
    parts = {
        "xl/workbook.xml": (
            f'<workbook {S} xmlns:r="{OFFICE}"><sheets><sheet name="Bad" sheetId="2" r:id="rId2"/>'
            '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(
            {"worksheets/sheet1.xml": "worksheet", "worksheets/sheet2.xml": "worksheet"}
        ),
        "xl/worksheets/sheet2.xml": "<worksheet><sheetData><row",
    }
    items = items_of(make_xlsx(row(1, "a", "b"), parts=parts))
    assert texts(items) == ["# S\n\nRow 1:\na | b\n"]
    problem = items[-1]
    assert isinstance(problem, Problem)
    assert (problem.ordinal, problem.page, problem.code) == (1, None, "sheet_unreadable")
    assert problem.message == "The sheet Bad is damaged and cannot be read."


def test_properties_come_first():
    found = items_of((DATA / "xlsx_05_table_with_title.xlsx").read_bytes())[0]
    assert found == Properties(
        "Wild Duck Observations", "", "2025-10-10T08:42:42Z", "2025-11-02T16:12:02Z", "en-US"
    )


def test_each_block_names_its_rows_and_its_columns():
    rows = row(1, "Animal", "Legs") + "".join(row(n, "domesticated cat", 4) for n in range(2, 100))
    blocks = text_of(make_xlsx(rows)).split("\n\n")[1:]
    assert [block.partition("\n")[0] for block in blocks] == [
        "Rows 2-26: Animal | Legs",
        "Rows 27-51: Animal | Legs",
        "Rows 52-76: Animal | Legs",
        "Rows 77-99: Animal | Legs",
    ]


def test_a_second_table_has_its_own_header_and_a_gap_has_none():
    ducks = row(1, "Ducks", "Year") + row(2, 7, 2019) + row(4, 8, 2020)
    geese = row(6, "Geese", "Weight") + row(7, 3.5, 0.1 + 0.2)
    assert text_of(make_xlsx(ducks + geese)) == (
        "# S\n\nRows 2-4: Ducks | Year\n7 | 2019\n8 | 2020\n\nRow 7: Geese | Weight\n3.5 | 0.3\n"
    )


def test_dates_truths_and_times_as_people_see_them():
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="22"/><xf numFmtId="46"/></cellXfs></styleSheet>'
    )
    cells = "".join(
        f'<c r="{place}1" s="{style}" t="{kind}"><v>{value}</v></c>'
        for place, style, kind, value in [
            ("A", 1, "n", "45293"),
            ("B", 1, "n", "45293.437499999"),
            ("C", 2, "n", "1.5"),
            ("D", 0, "b", "1"),
            ("E", 0, "n", "1E+30"),
        ]
    )
    content = make_xlsx(f'<row r="1">{cells}</row>', parts={"xl/styles.xml": styles})
    assert (
        text_of(content)
        == "# S\n\nRow 1:\n2024-01-02 | 2024-01-02 10:30:00 | 36:00:00 | TRUE | 1e+30\n"
    )


def test_what_charts_and_text_boxes_say_follows():
    chart = '<c:c xmlns:c="http://purl.oclc.org/ooxml/drawingml/chart"><c:tx><c:v>Ducks</c:v></c:tx></c:c>'
    parts = {
        "xl/charts/chart1.xml": chart,
        "xl/drawings/drawing1.xml": f"<x {P}>{line('mind the gap')}</x>",
        "xl/drawings/drawing2.xml": "<x/>",
    }
    assert text_of(make_xlsx("", parts=parts)) == (
        "# S\n\n# Charts and text boxes\n\nDucks\n\nmind the gap\n"
    )


def test_an_empty_workbook_has_no_text():
    assert text_of(make_xlsx("")) == ""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ((DATA / "password_protected.xlsx").read_bytes(), "password_needed"),
        (make_compound({"Workbook": b"no records"}), "broken_file"),
        (make_compound({"Workbook": b"\x09\x08\x02\0ab\x2f\0\x02\0cd"}), "encrypted"),
        (make_odf("", members={"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "encrypted"),
        (make_zip({"xl/workbook.xml": "<workbook"}), "broken_file"),
        (
            make_xlsx(row(1, "x")).replace(b"[Content_Types]", b"[Content_Typos]")[:-90],
            "broken_file",
        ),
    ],
)
def test_encrypted_and_damaged_workbooks_are_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == code
