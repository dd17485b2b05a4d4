import pytest

from llm.image_tokens import Area, Patches, Tiles


@pytest.mark.parametrize(
    ("cost", "width", "height", "tokens"),
    [
        (Tiles(85, 170), 1024, 1024, 765),  # OpenAI's own examples
        (Tiles(85, 170), 2048, 4096, 1105),
        (Tiles(85, 170), 1, 1, 255),
        (Tiles(85, 170), 8000, 1, 85 + 4 * 170),
        (Patches(1), 1024, 1024, 1024),
        (Patches(1), 1800, 2400, 1536),
        (Patches(1.62), 33, 32, 4),
        (Area(1600), 1000, 1000, 1334),  # Anthropic's own example
        (Area(1600), 200, 200, 54),
        (Area(1600), 8000, 8000, 1600),
    ],
)
def test_an_image_costs_what_its_vendor_says(cost, width, height, tokens):
    assert cost.tokens(width, height) == tokens
