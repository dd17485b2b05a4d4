"""Percentages and amounts of money of a workbook's cells, which calamine gives as bare numbers: what a format shows of one.

A format of cells that has a percent sign or the sign of a currency is applied as it is shown: rounded to its decimals, sign and
currency where they stand. Separators of thousands are left out, so that a number is found as it is typed.
Left out: currencies and units in letters, sections for negative numbers and conditions, formats that depend on the country.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

LONGEST_CODE: Final = 255  # what Excel takes
# Quoted text, an escaped character, room for one, a fill, a currency with its country, a colour or condition, digits, the rest.
TOKENS: Final = re.compile(
    r'"(?P<quoted>[^"]*+)"|\\(?P<escaped>.)|_.|\*.|\[\$(?P<money>[^\]-]*+)[^\]]*+\]|\[[^\]]*+\]|(?P<digits>[0#?.,]+)|(?P<plain>.)',
    re.DOTALL,
)
PLAIN: Final = frozenset("%$€£¥+- ")


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """What stands before and after the digits; `most` decimals are shown, `least` of them even where they are zeros."""

    before: str
    after: str
    least: int
    most: int

    def shown(self, value: float) -> str:
        """Return a number as the program shows it, but for separators of thousands."""
        digits = f"{value:.15g}"
        number = Decimal(digits).scaleb(2 if "%" in self.before + self.after else 0)
        try:
            rounded = number.quantize(Decimal(1).scaleb(-self.most), ROUND_HALF_UP)
        except InvalidOperation:  # it is infinite, or has more digits than a decimal holds
            return digits
        if rounded.is_nan():
            return digits
        whole, _, decimals = f"{abs(rounded):f}".partition(".")
        kept = decimals[: self.least] + decimals[self.least :].rstrip("0")
        sign = "-" if rounded < 0 else ""
        return f"{sign}{self.before}{whole}{'.' if kept else ''}{kept}{self.after}"


def number_format(code: str) -> NumberFormat | None:
    """Return the format that a code's first section describes; None for one without percent sign or currency."""
    if len(code) > LONGEST_CODE:
        return None
    texts, digits = [""], ""
    for token in TOKENS.finditer(code):
        if token["plain"] == ";":
            break
        if token["digits"]:
            if digits:
                return None
            digits = token["digits"]
            texts.append("")
        elif token["plain"] and token["plain"] not in PLAIN:
            return None
        else:
            texts[-1] += token[token.lastgroup] if token.lastgroup else ""
    if len(texts) != 2 or digits.endswith(",") or digits.count(".") > 1:
        return None
    decimals = digits.partition(".")[2]
    return shaped(*texts, least=decimals.count("0"), most=len(decimals))


def shaped(before: str, after: str, *, least: int, most: int) -> NumberFormat | None:
    """Return the format with these words around a number; None where they are no sign of percent or money."""
    before, after = before.lstrip(), after.rstrip()
    words = before + after
    if not words.strip(" +-") or len(words) > LONGEST_CODE or re.search(r"[^\W_]", words):
        return None
    return NumberFormat(before, after, least, most)
