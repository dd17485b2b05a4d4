import pytest

from ingest.extract.blocks import Blocks
from ingest.extract.tables import LONGEST_CELL, Tables


@pytest.fixture
def blocks():
    return Blocks()


@pytest.fixture
def tables(blocks):
    tables = Tables(blocks)
    tables.open()
    tables.open_cell()
    return tables


def test_a_row_is_a_line_and_a_cell_is_one_line_of_it(blocks, tables):
    tables.write("a\nb")
    tables.write("c")
    tables.open_cell()
    tables.write("d")
    tables.close_row()
    tables.close()
    assert blocks.drain() == "a b c | d\n"
    assert not tables.in_cell


def test_a_table_in_a_cell_makes_the_outer_one_layout(blocks, tables):
    tables.write("before")
    tables.open()
    tables.open_cell()
    tables.write("inner")
    tables.close()
    assert not tables.in_cell
    tables.open_cell()
    assert not tables.in_cell
    assert blocks.drain() == "before\n\ninner\n"


def test_a_cell_of_pages_is_layout(blocks, tables):
    tables.write("x" * LONGEST_CELL)
    assert tables.in_cell
    tables.write("y")
    assert not tables.in_cell
    assert blocks.drain() == "x" * LONGEST_CELL + "\n\ny\n"


def test_rows_and_cells_outside_a_table_are_ignored(blocks):
    tables = Tables(blocks)
    tables.open_cell()
    tables.close_row()
    tables.close()
    assert not tables.in_cell
    assert blocks.drain() == ""
