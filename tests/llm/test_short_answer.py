from contextlib import suppress

import pytest

from llm.chat import (
    Answering,
    ChatMessage,
    Delta,
    Finish,
    ModelNotAsked,
    ModelRefused,
    ModelUnavailable,
    Usage,
)
from llm.packing import CHARACTERS_A_TOKEN
from llm.short_answer import ShortAnswer
from tests.llm.test_fallback import Model

HALF = Delta("a" * 3 * CHARACTERS_A_TOKEN)


async def asked(*script):
    answer = ShortAnswer([ChatMessage("user", "b" * 5 * CHARACTERS_A_TOKEN)])
    with suppress(ModelRefused, ModelUnavailable):
        await answer.listen(Model(script), max_tokens=9)
    return answer.text, answer.usage, answer.answered_by


@pytest.mark.parametrize(
    ("script", "made"),
    [
        ([Delta("So "), Delta("it is"), Usage(2, 1), Finish("stop")], ("So it is", Usage(2, 1), "")),
        ([HALF, Finish("length")], ("", Usage(5, 3), "")),
        ([HALF, ModelUnavailable("broke off")], ("", Usage(5, 3), "")),
        ([ModelRefused("no key")], ("", Usage(0, 0), "")),
        ([ModelNotAsked("busy")], ("", Usage(0, 0), "")),
        ([Answering("a"), Usage(9, 0), Answering("b"), HALF, ModelUnavailable("away")], ("", Usage(5, 3), "b")),
    ],
)  # fmt: skip
async def test_only_a_whole_answer_counts_and_a_broken_one_is_paid(script, made):
    assert await asked(*script) == made
