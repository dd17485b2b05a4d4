from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.chunk import chunk
from ingest.extract.segment import Segment
from ingest.languages import BY_MEDIA_TYPE
from ingest.outline import LONGEST_LEAD, Heading, Outline, outline_of

LINES = st.sampled_from(
    ["def f(x):\n", "    # why\n", "@d\n", "class A:\n", "    def g():\n", "        y\n", "z = 1\n",
     "\n", "#" + "x" * 250 + "\n", "\tdef h():\n", "# " + "y" * LONGEST_LEAD + "\n", "else:\n", "tail"]
)  # fmt: skip
PYTHON = "text/x-python"


def headings_of(pieces):
    """The headings by offset, and the text that came back."""
    outline = outline_of(PYTHON)
    assert outline is not None
    text = "".join(map(outline.feed, pieces)) + outline.flush()
    return {at: found for at in range(len(text) + 1) if (found := outline.take(at))}, text


def test_sections_nest_by_indentation_and_end_with_it():
    text = "import a\nclass A:\n    x = 1\n    def f(self):\n        pass\n    y = 2\nz = 3\n"
    assert headings_of([text])[0] == {
        9: Heading(1, "class A"),
        28: Heading(5, "def f"),
        58: Heading(5, ""),
        68: Heading(1, ""),
    }


def test_comments_and_decorators_right_above_belong_to_the_declaration():
    assert headings_of(["a\n# of f\n@cached\ndef f():\n"])[0] == {2: Heading(1, "def f")}
    assert headings_of(["a\n# licence\n\ndef f():\n"])[0] == {13: Heading(1, "def f")}


def test_a_lead_is_bounded():
    text = "#\n" * LONGEST_LEAD + "def f():\n"
    assert [found.title for found in headings_of([text])[0].values()] == ["def f"]
    assert Outline(BY_MEDIA_TYPE[PYTHON]).feed("#" * 10_000) == "#" * 10_000


@given(st.lists(LINES, max_size=30).map("".join), st.lists(st.integers(0, 4000), max_size=9))
def test_any_slicing_gives_the_same_headings_and_the_text_itself(text, cuts):
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]
    found, back = headings_of(pieces)
    assert back == text
    assert found == headings_of([text])[0]


def test_other_texts_have_no_outline():
    assert outline_of("text/markdown") is None


def test_passages_of_code_are_named_after_their_functions_and_comments_are_no_headings():
    text = "# Top\nimport a\n\n\n@cached\ndef first():\n    return 'One. Two.'\n\n\nclass B:\n    def c(self):\n        pass\n"
    found = chunk(
        [Segment(0, None, None, text)],
        lambda part: len(part.split()),
        budget_tokens=8,
        outline=outline_of(PYTHON),
    )
    assert [(one.headings, one.text) for one in found] == [
        ((), "# Top\nimport a"),
        (("def first",), "@cached\ndef first():\n    return 'One. Two.'"),
        (("class B",), "class B:"),
        (("class B", "def c"), "def c(self):\n        pass"),
    ]
