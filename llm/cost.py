"""What a reply may take at most, which is set aside before a provider is asked, and what it has taken in the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from llm.budget import Call
from llm.catalogue import Facts
from llm.chat import Usage
from llm.followup import REWRITE_TOKENS
from llm.images import Picture
from llm.options import ReplyOptions
from llm.packing import CHARACTERS_A_TOKEN, tokens_in
from llm.prompt import HISTORY_CHARS, QUESTION_CHARS, Prompt
from llm.run_log import Ending
from llm.supported import MOST_TRIES

RULES_TOKENS: Final = (
    1_000  # of prompts/*.md, the marks around sources, and what a second try is told
)
REWRITE_INPUT_TOKENS: Final = 1_200  # MOST_TURNS of followup.py, cut, with their rules


def most(options: ReplyOptions, pictures: Sequence[Picture], facts: Facts) -> Call:
    """Return what a reply takes when all that it may be given and may write is used, over all its tries."""
    shown = (HISTORY_CHARS + QUESTION_CHARS) // CHARACTERS_A_TOKEN
    shown += sum(picture.tokens for picture in pictures)
    tries = MOST_TRIES if options.citations == "required" else 1
    given = tries * (options.context_tokens + shown + RULES_TOKENS) + REWRITE_INPUT_TOKENS
    made = tries * options.max_tokens + REWRITE_TOKENS
    return Call(given + made, facts.micros(given, made))


def counted(
    ending: Ending, prompt: Prompt, *, rewriting: Usage | None, facts: Callable[[str], Facts]
) -> Ending:
    """Return the ending of a reply by `answered_by` with its cost, the wording of its query included.

    Tokens that a broken stream did not tell are estimated.
    """
    own, before = ending.usage or Usage(0, 0), rewriting or Usage(0, 0)
    given = own.input_tokens
    if ending.state in ("stopped", "failed") and ending.error_code != "model_refused":
        given = given or _estimated(prompt, saw_images=ending.saw_images)
    usage = Usage(given + before.input_tokens, own.output_tokens + before.output_tokens)
    micros = facts(ending.answered_by).micros(usage.input_tokens, usage.output_tokens)
    return replace(ending, usage=usage, cost_micros=micros)


def _estimated(prompt: Prompt, *, saw_images: bool) -> int:
    asked = sum(tokens_in(message.content) for message in prompt.messages)
    return asked + (sum(picture.tokens for picture in prompt.pictures) if saw_images else 0)
