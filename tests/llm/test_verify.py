import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.verify import Evidence, Rarity, support

CLAIMS = Path(__file__).parents[1] / "data" / "claims" / "scifact.jsonl"
RIVER = (
    "The Seine flows through Paris, and “floods” it every\nfew decades [12]. The last big flood was in 1910. "
    "Paris itself is the capital of France and has 2,102,650 inhabitants."
)


def check(claim: str, source: str = RIVER) -> tuple[str, str] | None:
    evidence = Evidence.of(source)
    found = support(claim, evidence, rarity=Rarity([evidence]))
    return (found.verdict, source[found.start : found.end]) if found else None


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("- The last big flood was in 1910.", ("verbatim", "The last big flood was in 1910")),
        ('the Seine **flows** through Paris, and "floods" it every few decades', ("normalised", "The Seine flows through Paris, and “floods” it every\nfew decades")),
        ("1910", ("verbatim", "1910")),
        ("PARIS ITSELF IS THE CAPITAL", ("normalised", "Paris itself is the capital")),
        ("The capital of France is Paris", ("paraphrase", "Paris itself is the capital of France and has 2,102,650 inhabitants.")),
        ("It says “The last big flood was in 1910” there", ("verbatim", "The last big flood was in 1910")),
        ("It says “the last big flood was yesterday” there", None),
        ("Paris has 2102650 inhabitants", ("paraphrase", "Paris itself is the capital of France and has 2,102,650 inhabitants.")),
        ("Paris is the capital of France and has 3,000,000 inhabitants", None),
        ("Berlin is the capital of Germany", None),
        ("Bananas grow in Ecuador", None),
        ("In 1999 it was “The last big flood was in 1910”", None),
        ("...", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_claim_gets_the_words_that_bear_it_out(claim, expected):
    assert check(claim) == expected


def test_two_neighbouring_sentences_may_bear_out_one_claim():
    source = "Ada Lovelace wrote the notes. She published them in London. Others read them."
    assert check("Ada Lovelace published her notes in London", source) == (
        "paraphrase",
        "Ada Lovelace wrote the notes. She published them in London.",
    )


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_claim_on_any_source_gives_a_span_inside_it(claim, source):
    evidence = Evidence.of(source)
    found = support(claim, evidence, rarity=Rarity([evidence]))
    if found:
        assert 0 <= found.start < found.end <= len(source)
        assert 0 < found.score <= 1


def test_claims_pass_on_their_own_abstract_and_not_on_another():
    """The floor on claims in other words than the source's: many true ones pass, hardly a wrong one."""
    rows = [json.loads(line) for line in CLAIMS.read_text(encoding="utf-8").splitlines()]
    evidence = [Evidence.of(row["abstract"]) for row in rows]
    others = random.Random(1).sample(evidence, len(evidence))
    own = wrong = 0
    for row, mine, other in zip(rows, evidence, others, strict=True):
        rarity = Rarity([*random.Random(row["id"]).sample(evidence, 4), mine])
        own += support(row["claim"], mine, rarity=rarity) is not None
        wrong += other is not mine and support(row["claim"], other, rarity=rarity) is not None
    assert (own >= 0.35 * len(rows), wrong <= 0.02 * len(rows)) == (True, True), (own, wrong)
