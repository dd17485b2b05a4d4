import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.citations import Citation, CitationStream, TextOut
from llm.grounding import OnlySupported, ground, is_claim
from llm.sentences import Span
from tests.llm.make_source import make_source

FACT = "The spare key hangs behind the blue door."
SOURCES = [make_source(FACT), make_source("The boiler was replaced in 2019.", ref=2)]


def strict(answer: str, step: int = 10_000) -> tuple[str, list[Citation], int]:
    stream, only = CitationStream(SOURCES), OnlySupported()
    out: list[TextOut | Citation] = []
    for at in range(0, len(answer), step):
        out += only.feed(stream.feed(answer[at : at + step]))
    out += only.feed(stream.finish())
    out += only.finish()
    text = "".join(piece.text for piece in out if isinstance(piece, TextOut))
    return text, [piece for piece in out if isinstance(piece, Citation)], len(only.left_out)


CITED = "The spare key hangs behind the blue door [1]."


@pytest.mark.parametrize(
    ("answer", "text", "removed"),
    [
        (CITED, CITED, 0),
        (f"{CITED} It was bought by the landlord in Paris.", CITED + " ", 1),
        (f"The landlord bought it in Paris long ago. {CITED}", CITED, 1),
        (f"Nobody knows who bought it first.\n\n{CITED}\n\nThe end is near, said the owl.", f"{CITED}\n\n", 2),
        (f"Here is what they say:\n- {CITED}\n- Owls are the keepers of doors.", f"Here is what they say:\n- {CITED}\n", 1),
        (f"{FACT} [1] The boiler was replaced in 2019 [2].", f"{FACT} [1] The boiler was replaced in 2019 [2].", 0),
        ("The spare key hangs behind the blue door [9].", "", 1),
        ("Yes.", "", 0),
        ("", "", 0),
    ],
)  # fmt: skip
def test_what_no_citation_bears_out_is_left_out(answer, text, removed):
    assert (strict(answer)[0], strict(answer)[2]) == (text, removed)


def test_citations_stand_at_their_place_in_what_is_left():
    text, citations, _ = strict(
        f"The landlord bought it in Paris long ago. {CITED} So it is said by all."
    )
    assert [text[c.answer_start : c.answer_end] for c in citations] == [CITED[:-1]]


PIECES = st.lists(
    st.sampled_from([CITED, FACT, " [1]", "[2]", " ", "\n\n", "Owls are the keepers of doors.", "Yes.", "So:", "```\nx[1]\n```", "~~~\nx[1]\n~~~\n", "- "]),
    max_size=12,
).map("".join)  # fmt: skip


@given(answer=PIECES, step=st.integers(1, 9))
def test_what_is_left_does_not_depend_on_the_cuts_and_citations_fit(answer, step):
    text, citations, removed = strict(answer, step)
    assert (text, removed) == (strict(answer)[0], strict(answer)[2])
    for citation in citations:
        assert text[: citation.answer_end].endswith(f"[{citation.ref}]")


def test_the_share_of_claims_with_a_citation_and_the_others_are_told():
    answer = (
        f"What is known:\n{CITED} Owls are the keepers of doors. ```\nThis is no claim at all.\n```"
    )
    found = ground(answer, [Span(answer.index("The"), answer.index("[1]") + 3)])
    assert found.share == 0.5
    assert [answer[span.start : span.end] for span in found.unsupported] == [
        "Owls are the keepers of doors."
    ]
    assert ground("Yes.", []).share is None


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [("The key hangs there now.", True), ("Is the key there now?", False), ("# The key is there now", False), ("See [1]:", False)],
)  # fmt: skip
def test_a_claim_says_something(sentence, expected):
    assert is_claim(sentence) is expected
