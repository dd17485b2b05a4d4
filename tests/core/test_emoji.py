import pytest
from rich._emoji_codes import EMOJI

from core.emoji import plain_emoji


def test_what_fonts_show_is_an_emoji():
    parts = (
        "skin_tone",
        "fitzpatrick",
        "regional_indicator",
    )  # of emoji, and no emoji by themselves
    whole = {name: text for name, text in EMOJI.items() if not any(part in name for part in parts)}
    refused = {name for name, text in whole.items() if plain_emoji(text) is None}
    assert refused == {"helm_symbol"}, "U+2388 is not one"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("👍", "👍"),
        ("👍🏽", "👍🏽"),
        ("❤", "❤"),
        ("❤\ufe0f", "❤"),
        ("❤\ufe0f\u200d🔥", "❤\u200d🔥"),
        ("🇩🇪", "🇩🇪"),
        ("1\ufe0f\u20e3", "1\u20e3"),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",) * 2,
        ("👨🏻\u200d👩🏼\u200d👧🏽\u200d👦🏾",) * 2,
    ],
)
def test_an_emoji_has_one_form(text, plain):
    assert plain_emoji(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "1",
        "#",
        "👍👍",
        "👍 ",
        "👍a",
        "\ufe0f",
        "\u200d",
        "👍\u200d",
        "🇩",
        "<b>",
        "🏽",
        "👍\u200d" * 9 + "👍",
        "\ue000",
    ],
)
def test_anything_else_is_none(text):
    assert plain_emoji(text) is None
