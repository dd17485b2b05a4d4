"""What a reply may take at most, which is set aside before a provider is asked, and what it has taken in the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from llm.budget import Call
from llm.catalogue import EXTRACTIVE, Facts
from llm.chat import Usage
from llm.followup import REWRITE_TOKENS, Standalone
from llm.images import Picture
from llm.options import ReplyOptions
from llm.packing import CHARACTERS_A_TOKEN
from llm.prompt import HISTORY_CHARS, QUESTION_CHARS
from llm.run_log import Ending
from llm.supported import MOST_TRIES

RULES_TOKENS: Final = (
    1_000  # of prompts/*.md, the marks around sources, and what a second try is told
)
FILLED: Final = (
    0.85  # of a context, by our count: code and some languages have 3.4 characters a token
)
FEWEST_TOKENS: Final = 100
REWRITE_INPUT_TOKENS: Final = 1_200  # MOST_TURNS of followup.py, cut, with their rules


def fit(options: ReplyOptions, facts: Facts, *, shown: int) -> ReplyOptions:
    """Return the options with no more tokens than the model's context has room for beside `shown` ones.

    What it may write gets what was asked, or half of that room.
    """
    room = int(facts.context_tokens * FILLED) - RULES_TOKENS - shown
    made = min(options.max_tokens, max(room // 2, FEWEST_TOKENS))
    given = min(options.context_tokens, max(room - made, FEWEST_TOKENS))
    return replace(options, max_tokens=made, context_tokens=given)


def most(options: ReplyOptions, pictures: Sequence[Picture], chain: Sequence[Facts]) -> Call:
    """Return what a reply takes when all that it may be given and may write is used, over all its tries.

    Any model of the `chain` may come to write it, also the dearest.
    """
    shown = (HISTORY_CHARS + QUESTION_CHARS) // CHARACTERS_A_TOKEN
    shown += sum(picture.tokens for picture in pictures)
    tries = MOST_TRIES if options.citations == "required" else 1
    given = tries * (options.context_tokens + shown + RULES_TOKENS) + REWRITE_INPUT_TOKENS
    made = tries * options.max_tokens + REWRITE_TOKENS
    return most_of(chain, input_tokens=given, output_tokens=made)


def most_of(chain: Sequence[Facts], *, input_tokens: int, output_tokens: int) -> Call:
    """Return what so many tokens take of the dearest model."""
    micros = max(facts.micros(input_tokens, output_tokens) for facts in chain)
    return Call(input_tokens + output_tokens, micros)


def counted(
    ending: Ending, *, model: str, rewriting: Standalone, facts: Callable[[str], Facts]
) -> Ending:
    """Return the ending of a reply asked of `model` with its cost, the wording of its query included."""
    if ending.usage is None and rewriting.usage is None:
        return ending
    wrote = ending.answered_by or model
    own, before = ending.usage or Usage(0, 0), rewriting.usage or Usage(0, 0)
    if wrote == EXTRACTIVE:
        own = Usage(0, 0)  # no model, even where it was stopped
    micros = facts(wrote).micros(own.input_tokens, own.output_tokens)
    micros += facts(rewriting.answered_by or model).micros(
        before.input_tokens, before.output_tokens
    )
    usage = Usage(own.input_tokens + before.input_tokens, own.output_tokens + before.output_tokens)
    return replace(ending, usage=usage, cost_micros=micros)
