import re
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.chunk import BUDGET_TOKENS, chunk
from ingest.extract.cut import segments
from ingest.extract.data.table_text import header_index, table_text
from search.wordpiece import load_token_counter

# Short, so that each is about one token of the embedder: no estimate by length may lie below that.
WORDS = ["cat", "dog", "red", "blue", "is", "the", "of", "and", "to", "sea", "sky", "4", "17", "200", "1815", "0.5", "-3", "2024-01-31", "7%", "3f9a", "DD37", "no."]  # fmt: skip
CELLS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=90)
)

counter = cache(load_token_counter)  # for all examples of a property


def text_of(rows, **how):
    return "".join(table_text(rows, **how))


def test_rows_stand_under_their_header():
    rows = [["Name", "Born"], ["Ada", "1815"], ["Grace\nHopper", " 1906 ", ""]]
    assert text_of(rows) == "Name | Born\nAda | 1815\nGrace Hopper | 1906\n"


def test_each_block_of_about_a_passage_repeats_the_header():
    rows = [["Animal", "Legs"], *(["domesticated cat", "4"] for _ in range(50))]
    blocks = text_of(rows).split("\n\n")
    assert [block.partition("\n")[0] for block in blocks] == ["Animal | Legs"] * 2
    assert "".join(blocks).count("cat | 4") == 50


def test_each_block_says_which_rows_it_holds_where_rows_are_numbered():
    rows = [["Animal", "Legs"], ["cat", "4"], [], ["", ""], ["ant", "6"]]
    assert text_of(rows, first_number=1) == "Rows 2-5: Animal | Legs\ncat | 4\nant | 6\n"
    assert text_of([["1", "2"]], first_number=7) == "Row 7:\n1 | 2\n"


def test_titles_over_the_header_stand_alone():
    rows = [["Stanley Cups", "", ""], ["Team", "Location", "Cups"], ["Blues", "STL", "1"]]
    assert text_of(rows) == "Stanley Cups\n\nTeam | Location | Cups\nBlues | STL | 1\n"


def test_a_row_too_wide_for_a_line_names_each_of_its_cells():
    header = [f"column {n}" for n in range(40)]
    rows = [header, [str(n) * (n != 3) for n in range(41)], ["x"]]
    wide = "".join(f"column {n}: {n}\n" for n in range(40) if n != 3)
    assert text_of(rows, first_number=1) == f"Row 2:\n{wide}40\n\nRow 3:\ncolumn 0: x\n"
    rows = [["Title", "Text"], ["a", "word " * 199], ["b", "c"]]
    assert text_of(rows) == f"Title: a\nText: {'word ' * 198}word\n\nTitle | Text\nb | c\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], None),
        ([["Name", "Age"]], None),
        ([["Name", "Age"], ["Ada", "36"]], 0),
        ([["Country", "2019", "2020"], ["Chad", "1", "2"]], 0),
        ([["Ada", "36"], ["Bob", "37"]], None),
        ([["a@b.org", "Ada"], ["c@d.org", "Bob"]], None),
        ([["same", "same"], ["a", "b"]], None),
        ([["Fruit"], ["Apple"], ["Pear"]], None),
        ([["Age"], ["36"]], 0),
    ],
)
def test_a_header_is_a_full_row_of_distinct_names(rows, expected):
    assert header_index(rows) == expected


def test_rows_are_read_only_as_they_are_written():
    def rows() -> Iterator[list[str]]:
        yield ["Animal", "Legs"]
        for n in range(10_000):
            taken.append(n)
            yield ["domesticated cat", "4"]

    taken: list[int] = []
    next(table_text(rows()))
    assert len(taken) < 60


def test_each_passage_begins_with_the_header(model_dir):
    """By the embedder's own count: names, numbers, addresses, other scripts."""
    row = ["DD37Cf93aecA6Dc", "Sheryl Baxter", "+1-216-342-8902x91", "zuñiga@example.org", "東京都"]
    rows = [["Customer", "Name", "Phone", "Mail", "City"], *([row] * 200)]
    count = load_token_counter(model_dir)
    found = list(chunk(segments(table_text(rows), first=0), count))
    assert all(one.text.startswith("Customer | Name | Phone") for one in found)
    assert sum(count(one.text) for one in found) / len(found) > 0.6 * BUDGET_TOKENS


@given(st.lists(TABLES, min_size=1, max_size=3), st.booleans())
def test_each_passage_begins_with_a_header_whatever_the_cells(model_dir, tables, is_numbered):
    count = counter(model_dir)
    titled = [[f"Column {n}" for n in range(len(rows[0]))] for rows in tables]
    written = [
        f"# Sheet {number}\n\n{text_of([header, *rows], first_number=number if is_numbered else 0)}"
        for number, (header, rows) in enumerate(zip(titled, tables, strict=True), 1)
    ]
    begun = re.compile(r"(# Sheet \d\n\n)?(Rows? \d+(-\d+)?: )?Column 0 \|")
    for one in chunk(segments(["\n".join(written)], first=0), count):
        assert begun.match(one.text), one.text
