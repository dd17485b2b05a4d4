"""Where code is in an answer as it streams: between fences (``` or ~~~) and between ticks, as CommonMark 0.31 says.

A tick that nothing closes in its paragraph is a tick, not code; so what stands behind one is known late, but within
LONGEST_INLINE. Kinder than CommonMark: a fence of ticks may end a line of prose, and anything may follow a closing one.
Code by indentation is not looked for.
"""

import re
from typing import Final

LONGEST_INLINE: Final = 400  # code points between ticks; what is longer is taken for prose

FENCE: Final = 3  # ticks or tildes, at least

_QUOTED = r"[ \t>]*"
_ITEM = rf"{_QUOTED}(?:(?:[-*+]|\d{{1,3}}[.)])[ \t]+)*"
_BEFORE_OPENING = re.compile(_ITEM)
_BEFORE_CLOSING = re.compile(_QUOTED)
_TICKS = re.compile("`+")
_REST_OF_OPENING = re.compile(r"[\w+.#-]*[ \t]*\n")
_PARAGRAPH_END = re.compile(r"\n[ \t]*(?:\n|[-*+][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]|>|`{3}|~{3})")
FENCED: Final = re.compile(
    rf"(?:^{_ITEM}(?=`{{3,}}[^`\n]*$|~{{3,}})|(?<!`)(?=`{{3,}}[\w+.#-]*[ \t]*$))"
    r"(?:(?P<ticks>`{3,})|(?P<waves>~{3,}))"
    rf".*?(?:(?P<closed>^{_QUOTED}(?:(?P=ticks)|(?P=waves)))|\Z)",
    re.DOTALL | re.MULTILINE,
)


class Code:
    """Told the text in order, says whether what comes next stands in code."""

    def __init__(self) -> None:
        self._mark = ""  # what opened the code
        self._is_block = False
        self._since = ""  # behind the ticks that opened code in a line
        self._line = ""

    def passed(self, text: str) -> None:
        *lines, rest = text.rsplit("\n", 1)
        self._line = rest if lines else self._line + text
        if lines and self._is_block:
            self._since = "\n"  # the opening line has ended
        elif self._mark and not self._is_block:
            self._since = (self._since + text)[: LONGEST_INLINE + 1]

    def passed_run(self, run: str) -> None:
        """Take in a whole run of ticks or tildes that the text passed last ends with."""
        before = self._line.removesuffix(run)
        self._see_fence_in_prose(self._since)
        opens_block = len(run) >= FENCE and _BEFORE_OPENING.fullmatch(before) is not None
        if self._is_block:
            self._close_block(run, before)
        elif opens_block:
            self._mark, self._is_block, self._since = run, True, ""
        elif not self._mark or _is_over(self._since.removesuffix(run)):
            self._mark, self._since = (run if run[0] == "`" else ""), ""
        elif run == self._mark:
            self._mark = ""

    def _see_fence_in_prose(self, since: str) -> None:
        if not self._is_block and len(self._mark) >= FENCE and _REST_OF_OPENING.match(since):
            self._is_block, self._since = True, "\n"

    def _close_block(self, run: str, before: str) -> None:
        same = run.startswith(self._mark)
        in_opening_line = not self._since and run[0] == "`"  # hence code in a line after all
        if same and (in_opening_line or _BEFORE_CLOSING.fullmatch(before)):
            self._mark, self._is_block = "", False

    def holds(self, lead: str, ahead: str, *, final: bool) -> bool | None:
        """Say whether what stands between `lead` and `ahead`, which come next, is code; None while that cannot be known."""
        self._see_fence_in_prose(self._since + lead)
        while self._mark and not self._is_block:
            if _is_over(self._since + lead):
                verdict: bool | None = False
            else:
                verdict = _is_closed(
                    self._mark, ahead, most=LONGEST_INLINE - len(self._since + lead), final=final
                )
            if verdict is not False:
                return verdict
            other = _TICKS.search(
                self._since
            )  # the mark was but a tick, and code may begin behind it
            self._mark = other[0] if other else ""
            self._since = self._since[other.end() :] if other else ""
        return bool(self._mark)


def _is_over(since: str) -> bool:
    return len(since) >= LONGEST_INLINE or _PARAGRAPH_END.search(since) is not None


def _is_closed(mark: str, ahead: str, *, most: int, final: bool) -> bool | None:
    """Say whether the code that `mark` opened is closed within `most` of what comes; None while it may be."""
    window = ahead[:most]
    is_whole = final or len(ahead) > most
    end = _PARAGRAPH_END.search(window)
    for run in _TICKS.finditer(window, 0, end.start() if end else len(window)):
        if run[0] == mark and (is_whole or run.end() < len(window)):
            return True
    return False if end or is_whole else None
