"""What is known of chat models: how much they read, what a million tokens costs, and what they can do besides writing.

Published figures of October 2025, found by the longest prefix of the vendor's name; prices change, so CHAT_PRICES overrides
them. Of an unknown model nothing is assumed: no price, which leaves money budgets to token budgets, and 8,000 tokens, until
CHAT_CONTEXT says how many it reads.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from core.errors import InvalidInput
from llm.image_tokens import Area, ImageTokens, Patches, Tiles

Capability = Literal["vision", "thinking", "own citations"]
UNKNOWN_CONTEXT_TOKENS: Final = 8_000
FEWEST_CONTEXT_TOKENS: Final = 2_000  # the rules and a short answer about a short source
LOCAL: Final = "local/qwen2.5-coder-1.5b"  # the one model that `recollect models pull` knows
LOCAL_CONTEXT_TOKENS: Final = 16_384  # of 32,768: each thousand takes 28 MB
EXTRACTIVE: Final = "extractive"  # the model that is none: it words nothing itself


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input_usd: float
    output_usd: float

    def micros(self, input_tokens: int, output_tokens: int) -> int:
        """Return millionths of a dollar, which a million tokens makes the same number."""
        return round(input_tokens * self.input_usd + output_tokens * self.output_usd)


@dataclass(frozen=True, slots=True)
class Facts:
    context_tokens: int = UNKNOWN_CONTEXT_TOKENS
    price: Price | None = None
    images: ImageTokens | None = None  # what one costs; None of a model that is shown none
    others: tuple[Capability, ...] = ()

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        return (*(("vision",) if self.images else ()), *self.others)

    def micros(self, input_tokens: int, output_tokens: int) -> int:
        """Return what that many tokens cost; 0 where the price is not known."""
        return self.price.micros(input_tokens, output_tokens) if self.price else 0


_THINKS: Final[tuple[Capability, ...]] = ("thinking",)
_CITES: Final[tuple[Capability, ...]] = ("own citations",)
_CLAUDE: Final = Area(most=1_600)
_SOME_IMAGE: Final = Area(most=16_384)
# Open models that see, as their makers name them; of whichever server.
_SEEING: Final = re.compile(
    r"llava|pixtral|internvl|minicpm-v|moondream|gemma-?3|(?<![a-z])vl(?![a-z])|vision",
    re.IGNORECASE,
)
KNOWN: Final[Mapping[str, Facts]] = {
    "openai:gpt-4.1": Facts(1_047_576, Price(2, 8), Tiles(85, 170)),
    "openai:gpt-4.1-mini": Facts(1_047_576, Price(0.4, 1.6), Patches(1.62)),
    "openai:gpt-4.1-nano": Facts(1_047_576, Price(0.1, 0.4), Patches(2.46)),
    "openai:gpt-4o": Facts(128_000, Price(2.5, 10), Tiles(85, 170)),
    "openai:gpt-4o-mini": Facts(128_000, Price(0.15, 0.6), Tiles(2833, 5667)),
    "openai:gpt-5": Facts(400_000, Price(1.25, 10), Tiles(70, 140), _THINKS),
    "openai:gpt-5-mini": Facts(400_000, Price(0.25, 2), Patches(1.62), _THINKS),
    "openai:gpt-5-nano": Facts(400_000, Price(0.05, 0.4), Patches(2.46), _THINKS),
    "openai:o1": Facts(200_000, Price(15, 60), Tiles(75, 150), _THINKS),
    "openai:o1-mini": Facts(128_000, Price(1.1, 4.4), None, _THINKS),
    "openai:o3": Facts(200_000, Price(2, 8), Tiles(75, 150), _THINKS),
    "openai:o3-mini": Facts(200_000, Price(1.1, 4.4), None, _THINKS),
    "openai:o4-mini": Facts(200_000, Price(1.1, 4.4), Patches(1.72), _THINKS),
    "anthropic:claude-sonnet-4": Facts(200_000, Price(3, 15), _CLAUDE, _CITES),
    "anthropic:claude-haiku-4": Facts(200_000, Price(1, 5), _CLAUDE, _CITES),
    "anthropic:claude-opus-4": Facts(200_000, Price(15, 75), _CLAUDE, _CITES),
    "anthropic:claude-3-7-sonnet": Facts(200_000, Price(3, 15), _CLAUDE, _CITES),
    "anthropic:claude-3-5-haiku": Facts(200_000, Price(0.8, 4), _CLAUDE, _CITES),
    LOCAL: Facts(LOCAL_CONTEXT_TOKENS, Price(0, 0)),
    EXTRACTIVE: Facts(1_000_000, Price(0, 0)),
}


def facts_of(
    name: str,
    prices: Mapping[str, Price],
    *,
    seeing: Collection[str] = (),
    contexts: Mapping[str, int] | None = None,
) -> Facts:
    """Return what is known of a model, at the price that `prices` gives it; `seeing` are shown images whatever is known.

    `contexts` are the tokens that models read, whatever is known.
    """
    known = max((key for key in KNOWN if name.startswith(key)), key=len, default=None)
    facts = KNOWN[known] if known else Facts(images=_SOME_IMAGE if _SEEING.search(name) else None)
    if name in seeing:
        facts = replace(facts, images=facts.images or _SOME_IMAGE)
    if contexts and name in contexts:
        facts = replace(facts, context_tokens=contexts[name])
    return replace(facts, price=prices[name]) if name in prices else facts


def read_prices(text: str) -> dict[str, Price]:
    """Return the prices in `openai:qwen=0.1/0.4, ...`; anything else is InvalidInput."""
    found: dict[str, Price] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, price = part.partition("=")
        given, _, made = price.partition("/")
        try:
            found[name.strip()] = Price(float(given), float(made))
        except ValueError as error:
            raise InvalidInput.of("chat_prices", f"is model=input/output, not {part}") from error
    return found


def read_contexts(text: str) -> dict[str, int]:
    """Return the tokens in `openai:qwen=32768, ...`; anything else is InvalidInput."""
    found: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, tokens = part.partition("=")
        if not tokens.strip().isdecimal() or int(tokens) < FEWEST_CONTEXT_TOKENS:
            raise InvalidInput.of(
                "chat_context", f"is model=tokens, at least {FEWEST_CONTEXT_TOKENS}, not {part}"
            )
        found[name.strip()] = int(tokens)
    return found
