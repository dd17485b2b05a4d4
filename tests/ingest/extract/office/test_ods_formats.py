import io

import pytest

from ingest.extract.archive import open_archive
from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import NumberFormat
from ingest.extract.office.ods_formats import ods_cells
from tests.ingest.extract.office.test_sheet import text_of
from tests.ingest.make_office import make_ods

PERCENT, MONEY = NumberFormat("", "%", 1, 1), NumberFormat("", " €", 2, 2)
STYLES = (
    '<number:percentage-style style:name="N1"><number:number number:decimal-places="1"/><number:text>%</number:text>'
    "</number:percentage-style>"
    '<number:currency-style style:name="N2P0"><number:number number:decimal-places="2" number:min-decimal-places="2"/>'
    "<number:text> </number:text><number:currency-symbol>€</number:currency-symbol></number:currency-style>"
    '<number:currency-style style:name="N2"><number:text>(</number:text><number:number number:decimal-places="2"/>'
    '<number:text>)</number:text><style:map style:condition="value()&gt;=0" style:apply-style-name="N2P0"/></number:currency-style>'
    '<number:number-style style:name="N3"><number:number number:decimal-places="1"/><number:text>%</number:text></number:number-style>'
    '<style:style style:name="percent" style:family="table-cell" style:data-style-name="N1"/>'
    '<style:style style:name="bold" style:family="table-cell" style:parent-style-name="percent"/>'
    '<style:style style:name="money" style:family="table-cell" style:parent-style-name="percent" style:data-style-name="N2"/>'
    '<style:style style:name="plain" style:family="table-cell" style:parent-style-name="percent" style:data-style-name="N3"/>'
    '<style:style style:name="circle" style:family="table-cell" style:parent-style-name="circle"/>'
)


def cell(value: float | None = None, style="", *, times=1, kind="float"):
    named = f' table:style-name="{style}"' if style else ""
    held = f' office:value-type="{kind}" office:value="{value}"' if value is not None else ""
    return f'<table:table-cell{named} table:number-columns-repeated="{times}"{held}/>'


def row(*cells, times: int | str = 1, style=""):
    named = f' table:default-cell-style-name="{style}"' if style else ""
    return f'<table:table-row{named} table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def table(*rows, name="S", columns=""):
    return f'<table:table table:name="{name}">{columns}{"".join(rows)}</table:table>'


def found(tables, *, styles=STYLES, members=None, names=("S", "T")):
    archive = open_archive(io.BytesIO(make_ods(styles, tables, members=members)))
    return list(ods_cells(archive, names))


@pytest.mark.parametrize(
    ("style", "format_"),
    [("percent", PERCENT), ("bold", PERCENT), ("money", MONEY), ("plain", None), ("circle", None), ("unknown", None)],
)  # fmt: skip
def test_a_style_has_the_format_that_it_names_or_derives(style, format_):
    expected = [FormattedCell(0, 0, 0, format_)] if format_ else []
    assert found(table(row(cell(1, style)))) == expected


def test_a_cell_without_a_style_has_that_of_its_row_or_column():
    columns = (
        '<table:table-column table:number-columns-repeated="2"/>'
        '<table:table-column table:default-cell-style-name="money"/>'
    )
    rows = (
        row(cell(1), cell(2), cell(3), cell(4)),
        row(cell(1), style="percent"),
        row(cell(times=2), cell(1, "bold")),
    )
    assert found(table(*rows, columns=columns)) == [
        FormattedCell(0, 0, 2, MONEY),
        FormattedCell(0, 1, 0, PERCENT),
        FormattedCell(0, 2, 2, PERCENT),
    ]


def test_repeated_rows_and_cells_are_each_their_own():
    rows = row(cell(), times=3), row(cell(times=2), cell(1, "money", times=2), times=2)
    both = table(*rows) + table(row(cell(1, "percent")), name="T") + table(row(cell(1, "money")), name="?")  # fmt: skip
    places = [(3, 2), (3, 3), (4, 2), (4, 3)]
    expected = [FormattedCell(0, *place, MONEY) for place in places]
    assert found(both) == [*expected, FormattedCell(1, 0, 0, PERCENT)]


def test_a_table_within_a_cell_has_no_cells_of_the_sheet():
    inner = f"<table:table-cell>{table(row(cell(1, 'percent')), name='T')}</table:table-cell>"
    assert found(table(row(inner, cell(1, "money")))) == [FormattedCell(0, 0, 1, MONEY)]


def test_styles_of_the_document_count_and_those_of_the_content_before_them():
    common = {"styles.xml": f"<x>{STYLES}</x>"}
    own = STYLES.replace('decimal-places="1"', 'decimal-places="3"')
    cells = table(row(cell(1, "percent")))
    assert found(cells, styles="", members=common) == [FormattedCell(0, 0, 0, PERCENT)]
    (mine,) = found(cells, styles=own, members=common)
    assert mine.format == NumberFormat("", "%", 3, 3)


@pytest.mark.parametrize("places", ["", "x", "-1", "9" * 5_000])
def test_decimals_that_are_no_number_harm_nothing(places):
    styles = STYLES.replace('decimal-places="1"', f'decimal-places="{places}"')
    assert len(found(table(row(cell(1, "percent"))), styles=styles)) == (places != "")


def test_a_million_repetitions_are_yielded_as_they_are_asked_for():
    rows = row(cell(1, "percent", times=99_999_999), times="9" * 5_000)
    archive = open_archive(io.BytesIO(make_ods(STYLES, table(rows))))
    assert next(ods_cells(archive, ["S"])) == FormattedCell(0, 0, 0, PERCENT)


def test_cells_beyond_the_last_column_and_words_without_end_have_none():
    rows = row(cell(times=16_383), cell(1, "percent"), cell(1, "percent"))
    assert found(table(rows)) == [FormattedCell(0, 0, 16_383, PERCENT)]
    assert found(table(row(cell(1, "percent"))), styles=STYLES.replace("%", "%" * 100_000)) == []


def test_damage_ends_the_formats():
    rows = row(cell(1, "percent"))
    assert found(table(rows) + "<broken") == []
    assert found(table(rows), members={"styles.xml": "<x"}) == []


def test_numbers_are_read_as_they_are_shown():
    rows = (
        row(cell(), times=2),
        row(cell(), cell(0.125, "percent", kind="percentage"), cell(1234.5, "money"), cell(0.5)),
        row(cell(), cell(-0.5, "bold"), cell(-7, "money", times=2)),
    )
    assert text_of(make_ods(STYLES, table(*rows))) == (
        "# S\n\nRows 3-4:\n12.5% | 1234.50 € | 0.5\n-50.0% | -7.00 € | -7.00 €\n"
    )
