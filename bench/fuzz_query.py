"""Feed the query parser what it has not seen: no text may make it raise, and every reading stays within its bounds.

    .venv/bin/python -m bench.fuzz_query [--executions 1000000] [--seed 4]

Texts are made of the parser's own metacharacters, operators and dates, of characters of many scripts, and of both mixed.
One execution reads one text, resolves its dates in a zone and tells its words. Prints the rate; the text that breaks it
ends the run with the traceback.
"""

import argparse
import random
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from search.dates import Clock, read_times
from search.filters import date_of
from search.operators import OPERATORS
from search.query import MAX_CHARACTERS, MAX_TERMS, parse

PIECES = (
    *'"()-*: ', "“", "”", " OR ", "\0", "\t", "\ud800", "\u0301", "\u202e", "日本", "ß", "👍🏽", "x", "word", "2026-03",
    "2026-02-30", "9999-12-31", "0001", "7d", "99999y", "24h", '"last week"', "today", "-on:2026-03", "to:", "has:", "link", "pinned", ">1.5mb", "3-7", "01a1fed2-b5cb-7e44-af7f-164aeaa07de2",
    *(f"{op}:" for op in OPERATORS),
)  # fmt: skip
ZONES = tuple(map(ZoneInfo, ("UTC", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu")))
FIRST = datetime(1990, 1, 1, tzinfo=UTC)
DAYS = 20_000


def main() -> None:
    arguments = read_arguments()
    chance = random.Random(arguments.seed)
    started, text = perf_counter(), ""
    try:
        for _ in range(arguments.executions):
            text = make_text(chance)
            read(text, chance)
    except Exception:
        sys.stderr.write(f"Broken by {text!r}\n")
        raise
    seconds = perf_counter() - started
    rate = arguments.executions / seconds
    sys.stdout.write(
        f"{arguments.executions:,} executions, {seconds:.0f} s, {rate:,.0f}/s, 0 raised\n"
    )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=4)
    return parser.parse_args()


def make_text(chance: random.Random) -> str:
    pieces = chance.choices(PIECES, k=chance.randrange(12))
    if chance.random() < 0.3:
        pieces.append(chr(chance.randrange(sys.maxunicode + 1)))
    if chance.random() < 0.01:
        pieces *= 60  # beyond the bounds
    return "".join(pieces)


def read(text: str, chance: random.Random) -> None:
    query = parse(text)
    clock = Clock(FIRST + timedelta(days=chance.randrange(DAYS)), chance.choice(ZONES))
    dates = [date for f in query.filters if (date := date_of(f)) is not None]
    read_times(dates, clock=clock)
    if len(query.text) > MAX_CHARACTERS or len(query.words()) > MAX_TERMS:
        raise ValueError("beyond the bounds")


if __name__ == "__main__":
    main()
