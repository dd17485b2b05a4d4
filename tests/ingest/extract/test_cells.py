from ingest.extract.blocks import Blocks
from ingest.extract.cells import Cells


def test_rows_of_cells_that_are_known_by_their_ends():
    blocks = Blocks()
    cells = Cells(blocks)
    cells.write("a")
    cells.write("b")
    for _ in range(2):
        cells.end_cell()
    cells.end_row()
    cells.write("c")
    cells.end_cell()
    cells.end_table()
    blocks.paragraph("after")
    assert blocks.drain() == "a b | \nc\n\nafter\n"


def test_pages_of_text_are_no_cell():
    blocks = Blocks()
    cells = Cells(blocks)
    for text in ("x" * 5_000, "y"):
        cells.write(text)
    cells.end_cell()
    cells.end_row()
    assert blocks.drain() == f"{'x' * 5_000}\n\ny\n"


def test_ends_without_a_table_say_nothing():
    blocks = Blocks()
    cells = Cells(blocks)
    cells.end_row()
    cells.end_table()
    assert blocks.drain() == ""
