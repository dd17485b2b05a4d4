"""What an image costs a model in tokens, by the formulas that the vendors published in 2025. Estimates for budgets: the bill tells more."""

import math
from dataclasses import dataclass
from typing import Final, Protocol

_WHOLE: Final = 2048  # OpenAI scales an image to this square first,
_SHORT: Final = 768  # then its short side to this,
_TILE: Final = 512  # and counts these
_PATCH: Final = 32
_MOST_PATCHES: Final = 1536


class ImageTokens(Protocol):
    def tokens(self, width: int, height: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Tiles:
    """GPT-4o, GPT-4.1 and GPT-5: so many, and so many for each tile of 512 pixels square."""

    base: int
    each: int

    def tokens(self, width: int, height: int) -> int:
        scale = min(1, _WHOLE / max(width, height))
        scale *= min(1, _SHORT / (scale * min(width, height)))
        across, down = (math.ceil(round(edge * scale, 6) / _TILE) for edge in (width, height))
        return self.base + self.each * across * down


@dataclass(frozen=True, slots=True)
class Patches:
    """The small models of OpenAI: patches of 32 pixels square, 1,536 at most, times a factor."""

    factor: float

    def tokens(self, width: int, height: int) -> int:
        patches = math.ceil(width / _PATCH) * math.ceil(height / _PATCH)
        return math.ceil(min(patches, _MOST_PATCHES) * self.factor)


@dataclass(frozen=True, slots=True)
class Area:
    """Anthropic, and of a model whose formula is not known: a token for 750 pixels, `most` at most."""

    most: int

    def tokens(self, width: int, height: int) -> int:
        return min(math.ceil(width * height / 750), self.most)
