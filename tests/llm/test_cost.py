from dataclasses import replace
from uuid import UUID

import pytest

from llm.catalogue import Facts, Price
from llm.chat import ChatMessage, Usage
from llm.cost import REWRITE_INPUT_TOKENS, RULES_TOKENS, counted, most
from llm.followup import REWRITE_TOKENS
from llm.images import Picture
from llm.options import ReplyOptions
from llm.packing import CHARACTERS_A_TOKEN
from llm.prompt import HISTORY_CHARS, QUESTION_CHARS, Prompt
from llm.run_log import Ending

FACTS = Facts(price=Price(1, 10))  # dollars for a million tokens: millionths for one
PICTURE = Picture(UUID(int=1), 1, "a.png", "image/png", 10, "shown", tokens=50)
PROMPT = Prompt((ChatMessage("user", "a" * 10 * CHARACTERS_A_TOKEN),), (), (PICTURE,))
REWRITING = Usage(3, 2)


def ending_of(ending, **rewriting):
    made = counted(replace(ending, answered_by="m"), PROMPT, facts=lambda _: FACTS, **rewriting)
    return made.usage, made.cost_micros


def test_a_second_try_is_set_aside_with_the_first():
    options = ReplyOptions(context_tokens=1000, max_tokens=200)
    shown = (HISTORY_CHARS + QUESTION_CHARS) // CHARACTERS_A_TOKEN + 50
    given = 1000 + shown + RULES_TOKENS
    once = most(options, [PICTURE], FACTS)
    twice = most(replace(options, citations="required"), [PICTURE], FACTS)
    assert once.tokens == given + REWRITE_INPUT_TOKENS + 200 + REWRITE_TOKENS
    assert once.micros == given + REWRITE_INPUT_TOKENS + 10 * (200 + REWRITE_TOKENS)
    assert twice.tokens - once.tokens == given + 200


@pytest.mark.parametrize(
    ("ending", "usage", "micros"),
    [
        (Ending("complete", Usage(100, 20)), Usage(103, 22), 103 + 220),
        (Ending("stopped", Usage(0, 7)), Usage(10 + 50 + 3, 9), 63 + 90),
        (Ending("stopped", Usage(40, 7)), Usage(43, 9), 43 + 90),
        (Ending("failed", saw_images=False), Usage(13, 2), 13 + 20),
        (Ending("failed", error_code="model_refused"), REWRITING, 3 + 20),
    ],
)
def test_the_wording_of_the_query_counts_and_what_a_broken_stream_did_not_tell_is_estimated(
    ending, usage, micros
):
    assert ending_of(ending, rewriting=REWRITING) == (usage, micros)


def test_without_a_rewritten_query_only_the_answer_counts():
    assert ending_of(Ending("complete", Usage(1, 1)), rewriting=None) == (Usage(1, 1), 11)
