import pytest

from llm.chat import ChatMessage, Usage
from llm.packing import CHARACTERS_A_TOKEN
from llm.spent import spent

ASKED = [ChatMessage("user", "a" * 10 * CHARACTERS_A_TOKEN)]
WRITTEN = "b" * 7 * CHARACTERS_A_TOKEN


@pytest.mark.parametrize(
    ("told", "has_ended", "took"),
    [
        (Usage(100, 20), True, Usage(100, 20)),
        (Usage(0, 0), True, Usage(0, 0)),
        (None, True, Usage(60, 7)),
        (None, False, Usage(60, 7)),
        (Usage(100, 0), False, Usage(100, 7)),
        (Usage(100, 20), False, Usage(100, 20)),
    ],
)
def test_what_a_broken_stream_did_not_tell_is_estimated(told, has_ended, took):
    assert spent(told, ASKED, WRITTEN, has_ended=has_ended, image_tokens=50) == took
