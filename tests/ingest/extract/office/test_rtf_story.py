from ingest.extract.office.rtf_header import Header
from ingest.extract.office.rtf_story import Story


def told(*parts):
    """The blocks after these texts and words."""
    story = Story(Header())
    for part in parts:
        if isinstance(part, tuple):
            story.take(*part)
        else:
            story.write(part)
    story.end()
    return story.blocks.drain()


def test_layout_goes_on_until_it_is_reset():
    heading = ("outlinelevel", 1)
    parts = [heading, "a", ("par", None), "b", ("par", None), ("pard", None), "c"]
    assert told(*parts) == "## a\n\n## b\n\nc\n"


def test_rows_and_what_follows_them():
    cells = [
        ("intbl", None),
        "a",
        ("par", None),
        "b",
        ("cell", None),
        ("cell", None),
        ("row", None),
    ]
    assert told(*cells, ("pard", None), "after") == "a b | \n\nafter\n"


def test_cells_that_do_not_say_that_they_are_in_a_table():
    assert told("a", ("cell", None), "b", ("cell", None), ("row", None)) == "a | b\n"


def test_pages_of_text_in_a_cell_are_no_row():
    parts = [("intbl", None), "x" * 5_000, ("par", None), "y", ("cell", None), ("row", None)]
    assert told(*parts) == f"{'x' * 5_000}\n\ny\n"


def test_halves_of_characters_are_joined_and_lone_ones_dropped():
    assert told("a\ud83d", "\ude00\ud83d") == "a\U0001f600\n"
