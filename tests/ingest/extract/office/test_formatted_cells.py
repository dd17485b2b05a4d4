from ingest.extract.office.formatted_cells import CellFormats, FormattedCell
from ingest.extract.office.number_format import NumberFormat

PERCENT, MONEY = NumberFormat("", "%", 0, 0), NumberFormat("$", "", 2, 2)


def test_formats_are_told_by_sheet_row_and_column():
    cells = [(0, 1, 2, PERCENT), (0, 1, 5, MONEY), (0, 3, 0, PERCENT), (2, 0, 0, MONEY)]
    formats = CellFormats(FormattedCell(*each) for each in cells)
    asked = [(0, 0), (0, 1), (0, 2), (1, 3), (2, 0), (2, 1)]
    assert [formats.of_row(*each) for each in asked] == [{}, {2: PERCENT, 5: MONEY}, {}, {}, {0: MONEY}, {}]  # fmt: skip


def test_a_cell_behind_its_turn_is_left_out():
    cells = [(1, 4, 0, PERCENT), (1, 2, 0, PERCENT), (0, 9, 0, PERCENT), (1, 6, 0, MONEY)]
    formats = CellFormats(FormattedCell(*each) for each in cells)
    assert [formats.of_row(1, row) for row in (2, 4, 6)] == [{}, {0: PERCENT}, {0: MONEY}]
