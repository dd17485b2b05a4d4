"""The grammar (GBNF, as llama.cpp reads it) that a local model's answer has to follow.

A small model told to cite forgets to. With the grammar it cannot end a claim without the number of a source that it was given,
nor write any other number in brackets. Whether the source bears the claim out is checked afterwards, as for every model.
"""

from collections.abc import Sequence
from typing import Final

MOST_CLAIMS: Final = 8
CLAIM_CHARACTERS: Final = (8, 400)  # shorter is no sentence, longer never comes to its marker

YES_OR_NO: Final = 'root ::= "Yes" | "No"'


def answer_grammar(refs: Sequence[int]) -> str:
    """Return the grammar of claims that each end in the marker of one of these sources, or of two."""
    least, most = CLAIM_CHARACTERS
    markers = " | ".join(f'"[{ref}]"' for ref in refs)
    return "\n".join(
        (
            f"root ::= claim ([ \\n] claim){{0,{MOST_CLAIMS - 1}}}",
            f'claim ::= [^\\[\\]\\n]{{{least},{most}}} marker marker? "."?',
            f"marker ::= {markers}",
        )
    )
