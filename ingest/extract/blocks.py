"""Write blocks (headings, paragraphs, list items, table rows) as text with light Markdown structure.

Items follow items and rows follow rows on the next line; anything else is parted by a blank line.
"""


class Blocks:
    """Collects text until somebody drains it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_first = True
        self._tight: str | None = (
            None  # the last block's kind, where the next of its kind follows closely
        )

    def heading(self, text: str, *, level: int) -> None:
        self._add(f"{'#' * min(level, 6)} {' '.join(text.split())}", tight=None)

    def paragraph(self, text: str) -> None:
        self._add(text, tight=None)

    def item(self, text: str, *, depth: int, marker: str) -> None:
        """A list item; an empty marker goes on in the one above."""
        self._add(f"{'  ' * (depth - 1)}{marker or ' '} {text}", tight="item")

    def row(self, cells: list[str]) -> None:
        if any(cells):
            self._add(" | ".join(cells), tight="row")

    def part(self) -> None:
        """Keep the next block apart from the last, whatever both are."""
        self._tight = None

    def drain(self) -> str:
        """Return what was added since the last call."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    def _add(self, text: str, *, tight: str | None) -> None:
        follows_closely = tight is not None and tight == self._tight
        gap = "" if self._is_first or follows_closely else "\n"
        self._pieces.append(f"{gap}{text}\n")
        self._is_first, self._tight = False, tight
