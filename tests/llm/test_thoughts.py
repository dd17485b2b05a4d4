import pytest

from llm.thoughts import ThoughtsLeftOut


@pytest.mark.parametrize("step", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>Hm, [1]?</think>\n\nParis.", "Paris."),
        ("\n<think></think>Paris.", "Paris."),
        ("<think>for ever", ""),
        ("Paris <think>is</think>", "Paris <think>is</think>"),
        ("<thin", "<thin"),
        ("<b>Paris</b>", "<b>Paris</b>"),
        ("  Paris", "  Paris"),
    ],
)
def test_only_thoughts_at_the_beginning_are_left_out(text, expected, step):
    thoughts = ThoughtsLeftOut()
    out = "".join(thoughts.feed(text[at : at + step]) for at in range(0, len(text), step))
    assert out + thoughts.finish() == expected
