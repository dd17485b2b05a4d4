import pytest

from ingest.atoms import LONGEST_ATOM, Atoms, Break


def atoms(text):
    source = Atoms()
    return [*source.feed(text), *source.flush()]


def cuts(text):
    return [(atom.text, atom.before) for atom in atoms(text)]


def test_sentences_lines_and_paragraphs_are_told_apart():
    assert cuts("One. Two\nthree.\nFour\n\nFive") == [
        ("One.", Break.PARAGRAPH),
        ("Two", Break.SENTENCE),
        ("three.", Break.LINE),
        ("Four", Break.SENTENCE),
        ("Five", Break.PARAGRAPH),
    ]


def test_offsets_are_of_the_document():
    text = "  Über uns.  Mehr\n\n\tEnde "
    assert [text[atom.start : atom.end] for atom in atoms(text)] == ["Über uns.", "Mehr", "Ende"]


@pytest.mark.parametrize(
    "text",
    ["By Dr. Who", "as in Fig. 3", "J. K. Rowling", "e.g. this", "is 3.14 long", "yes! he said"],
)
def test_these_full_stops_end_no_sentence(text):
    assert [atom.text for atom in atoms(text)] == [text]


def test_scripts_without_spaces_have_sentences_too():
    assert [atom.text for atom in atoms("你好。再见\uff01「好。」走")] == [
        "你好。",
        "再见\uff01",
        "「好。」",
        "走",
    ]


def test_list_items_and_table_rows_break_as_sentences_do():
    assert [before for _, before in cuts("a\n- b\n1. c\n| d |\ne")][1:] == [
        Break.SENTENCE,
        Break.SENTENCE,
        Break.SENTENCE,
        Break.LINE,
    ]


def test_headings_make_the_path_of_what_follows():
    found = atoms("# A\n### C ##\nx\n## B\ny\n# D")
    assert [(atom.text, atom.headings) for atom in found] == [
        ("# A", ("A",)),
        ("### C ##", ("A", "C")),
        ("x", ("A", "C")),
        ("## B", ("A", "B")),
        ("y", ("A", "B")),
        ("# D", ("D",)),
    ]


def test_a_heading_is_not_parted_from_its_text_even_by_a_blank_line():
    assert cuts("# Why?\n\nBecause") == [
        ("# Why?", Break.HEADING),
        ("Because", Break.INSIDE),
    ]


def test_hashes_inside_a_fence_and_without_a_space_are_no_headings():
    text = "```\n# comment\n~~~\n# comment\n```\n#tag\n# Real"
    assert [atom.headings for atom in atoms(text)] == [()] * 6 + [("Real",)]


def test_a_long_line_is_cut_at_spaces_and_a_long_word_anywhere():
    words = "word " * 500
    assert all(len(atom.text) <= LONGEST_ATOM for atom in atoms(words))
    assert {atom.text[-4:] for atom in atoms(words)} == {"word"}
    assert [len(atom.text) for atom in atoms("x" * 2500)] == [1000, 1000, 500]


def test_an_unfinished_line_is_given_out_once_it_is_long():
    source = Atoms()
    assert list(source.feed("short")) == []
    assert len(list(source.feed(" words" * 1000))) > 1


def test_rows_and_lines_of_code_are_kept_whole():
    text = "One. Two\n```\na. b. c\n```\nx. y | Dr. No. z"
    assert [atom.text for atom in atoms(text)] == [
        "One.", "Two", "```", "a. b. c", "```", "x. y | Dr. No. z",
    ]  # fmt: skip
