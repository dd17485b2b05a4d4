"""Leave out what a thinking model writes between <think> and </think> before its answer, wherever the deltas are cut.

Local servers that do not part thoughts from answers send them so; only at the very beginning, as later it is text.
"""

from typing import Final, Literal

_OPENING: Final = "<think>"
_CLOSING: Final = "</think>"


class ThoughtsLeftOut:
    """Feed deltas, then finish(); what comes out is the answer alone."""

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["beginning", "thinking", "thought", "answering"] = "beginning"

    def feed(self, text: str) -> str:
        self._held += text
        if self._state == "beginning":
            begun = self._held.lstrip()
            if begun.startswith(_OPENING):
                self._state, self._held = "thinking", begun[len(_OPENING) :]
            elif begun and not _OPENING.startswith(begun):
                self._state = "answering"
        if self._state == "thinking":
            at = self._held.find(_CLOSING)
            if at < 0:
                self._held = self._held[-len(_CLOSING) :]
                return ""
            self._state, self._held = "thought", self._held[at + len(_CLOSING) :]
        if self._state == "thought":
            self._held = self._held.lstrip()
            self._state = "answering" if self._held else "thought"
        return self._taken() if self._state == "answering" else ""

    def finish(self) -> str:
        """Return what was held back as it might have been a thought's beginning."""
        return self._taken() if self._state == "beginning" else ""

    def _taken(self) -> str:
        taken, self._held = self._held, ""
        return taken
