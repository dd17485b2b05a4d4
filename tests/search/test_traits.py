import pytest

from search.traits import file_traits, message_traits, text_traits


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("see https://example.org/x", ["link"]), ("WWW.example.org", ["link"]), ("mailto:ada@example.org", ["link"]),
        ("http://", []), ("xhttps://example.org", []), ("example.org", []), ("", []),
        ("run `make check` now", ["code"]), ("```\nx = 1\n```", ["code"]), ("  ~~~sh\nls", ["code"]), ("don`t", []), ("``", []),
        ("![board](board.png)", ["image"]), ("https://example.org/a.JPG?x=1", ["image", "link"]), ("https://example.org/a.pngx", ["link"]),
        ("`a` https://example.org/b.png", ["code", "image", "link"]),
    ],
)  # fmt: skip
def test_a_text_holds_what_is_written_in_it(text, traits):
    assert text_traits(text) == traits


def test_a_file_holds_what_its_kind_and_history_say():
    assert file_traits("py", version=1) == ["code"]
    assert file_traits("png", version=2) == ["edited", "image"]
    assert file_traits("txt", version=1) == []


def test_a_message_of_a_model_is_an_answer_too():
    assert message_traits("run `make check`", role="assistant") == ["answer", "code"]
    assert message_traits("run `make check`", role="user") == ["code"]
