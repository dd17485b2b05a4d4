from ingest.extract.blocks import Blocks


def test_blocks_are_parted_by_blank_lines_but_items_and_rows_are_not():
    blocks = Blocks()
    blocks.heading("On\n lists", level=2)
    blocks.item("one", depth=1, marker="-")
    blocks.item("more of one", depth=1, marker="")
    blocks.item("inner", depth=2, marker="1.")
    blocks.row(["a", "", "c"])
    blocks.row(["", ""])
    blocks.row(["d"])
    blocks.paragraph("End.")
    blocks.heading("Deep", level=9)
    assert blocks.drain() == (
        "## On lists\n\n- one\n  more of one\n  1. inner\n\na |  | c\nd\n\nEnd.\n\n###### Deep\n"
    )


def test_draining_gives_each_text_once():
    blocks = Blocks()
    blocks.paragraph("a")
    assert blocks.drain() == "a\n"
    assert blocks.drain() == ""
    blocks.paragraph("b")
    assert blocks.drain() == "\nb\n"


def test_blocks_of_one_kind_can_be_kept_apart():
    blocks = Blocks()
    blocks.item("a", depth=1, marker="-")
    blocks.part()
    blocks.item("b", depth=1, marker="-")
    assert blocks.drain() == "- a\n\n- b\n"
