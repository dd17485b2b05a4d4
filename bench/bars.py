"""A picture of how well each way to rank does: one group of bars for each set, as SVG that reads on white and on black."""

from collections.abc import Sequence
from html import escape
from typing import Final

from bench.relevance_report import Scores, Way

COLOURS: Final[dict[Way, str]] = {
    "bm25s": "#9ca3af",
    "lexical": "#3b82f6",
    "semantic": "#f59e0b",
    "hybrid": "#16a34a",
    "reranked": "#a855f7",
}
BAR, GAP, HEIGHT, LEFT, TOP = 11, 16, 220, 40, 40
NAMES: Final = 110  # room for slanted names under the bars


def picture(scores: Sequence[Scores]) -> str:
    """Return the nDCG@10 of every set as bars."""
    ways: list[Way] = [way for way in COLOURS if any(way in entry.ways for entry in scores)]
    group = len(ways) * BAR + GAP
    width, height = LEFT + len(scores) * group + GAP, TOP + HEIGHT + NAMES
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#6b7280">',
        "<title>nDCG@10 by set</title>",
        *_legend(ways),
        *_lines(width),
    ]
    for n, entry in enumerate(scores):
        parts += _group(entry, ways, x=LEFT + GAP // 2 + n * group)
    return "\n".join([*parts, "</svg>\n"])


def _legend(ways: Sequence[Way]) -> list[str]:
    return [
        f'<rect x="{LEFT + n * 85}" y="8" width="10" height="10" fill="{COLOURS[way]}"/>'
        f'<text x="{LEFT + n * 85 + 14}" y="17">{way}</text>'
        for n, way in enumerate(ways)
    ]


def _lines(width: int) -> list[str]:
    return [
        f'<path d="M{LEFT} {_y(tenth / 10):.1f}H{width}" stroke="#6b7280" stroke-opacity=".25"/>'
        f'<text x="{LEFT - 6}" y="{_y(tenth / 10) + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>'
        for tenth in range(0, 11, 2)
    ]


def _group(entry: Scores, ways: Sequence[Way], *, x: int) -> list[str]:
    bars = [
        f'<rect x="{x + n * BAR}" y="{_y(entry.ndcg(way)):.1f}" width="{BAR - 2}" '
        f'height="{HEIGHT * entry.ndcg(way):.1f}" fill="{COLOURS[way]}">'
        f"<title>{escape(entry.name)}, {way}: {entry.ndcg(way):.3f}</title></rect>"
        for n, way in enumerate(ways)
        if way in entry.ways
    ]
    middle, below = x + len(ways) * BAR // 2, TOP + HEIGHT + 14
    name = f'<text transform="translate({middle} {below}) rotate(-40)" text-anchor="end">{escape(entry.name)}</text>'
    return [*bars, name]


def _y(value: float) -> float:
    return TOP + HEIGHT * (1 - value)
