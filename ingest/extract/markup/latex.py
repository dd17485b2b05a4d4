r"""LaTeX as text with light Markdown structure: sections as `#` lines, items, table rows as `a | b`, code in fences.

Commands give way to their arguments, comments and the preamble go (all but title, author and date), mathematics stays as it
is written. Left out: \input and \include, which are not followed, and what a document's own macros would make of it.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO, Final

from ingest.extract.cut import segments
from ingest.extract.markup.latex_scanner import SOFT_BREAK, Scanner
from ingest.extract.plain import lines, open_text
from ingest.extract.segment import Item, Properties

PREAMBLE_LINES = 2_000
MOST_CHARACTERS_OF_A_BLOCK = 2**16
COMMENT: Final = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
BEGIN_DOCUMENT = r"\begin{document}"
VERBATIM = re.compile(
    r"\s*\\begin\{(verbatim|lstlisting|minted|alltt|Verbatim|listing)\*?\}(?:\[[^\]]*\])?(?:\{([\w+-]*)\})?"
)


# It begins where blanks begin, or each of 100,000 blanks would be tried as its beginning.
SOFT = re.compile(rf"(?<![ \t])(?:[ \t]*\n)?(?:[ \t]*{SOFT_BREAK})+(?:[ \t]*\n)?")


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item]:
    """Yield segments; a text that is too long is refused before its first one."""
    text = lines(open_text(source, most_characters=most_characters))
    head = list(islice(text, PREAMBLE_LINES))
    properties = _properties("".join(COMMENT.sub(r"\1", line) for line in head))
    opens = next((n for n, line in enumerate(head) if BEGIN_DOCUMENT in line), None)
    if opens is not None:
        head[: opens + 1] = [head[opens].partition(BEGIN_DOCUMENT)[2]]
    body = chain(_front(properties), _convert(chain(head, text)))
    return chain([properties], segments(body, first=first))


def _properties(head: str) -> Properties:
    title, author, date = (_argument_of(name, head) for name in ("title", "author", "date"))
    is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", date)
    return Properties(title, author, date if is_date else "")


def _argument_of(name: str, text: str) -> str:
    match = re.search(rf"\\{name}\s*(?:\[[^\]]{{0,500}}\]\s*)?(?=\{{)", text)
    if match is None:
        return ""
    return " ".join(
        Scanner().argument_at(text[: match.end() + 2_000], match.end()).split()
    ).replace(" ,", ",")


def _front(properties: Properties) -> Iterator[str]:
    if properties.title:
        yield f"# {properties.title}\n\n"
    if properties.author:
        yield f"{properties.author}\n\n"


def _convert(text: Iterator[str]) -> Iterator[str]:
    """Yield block by block, a block being what stands between two blank lines, or one of verbatim lines."""
    scanner = Scanner()
    block: list[str] = []
    size = 0
    for line in text:
        match = VERBATIM.match(line)
        bare = COMMENT.sub(r"\1", line)
        if match or not line.strip() or size > MOST_CHARACTERS_OF_A_BLOCK:
            yield from _tidy(scanner.convert("".join(block)))
            block, size = [], 0
        if match:
            yield from _verbatim(match, line[match.end() :], text)
        elif bare.strip():
            block.append(bare)
            size += len(bare)
    yield from _tidy(scanner.convert("".join(block)))


def _verbatim(match: re.Match[str], rest: str, text: Iterator[str]) -> Iterator[str]:
    end = rf"\end{{{match[1]}"
    language = (match[2] or "") if match[1] == "minted" else ""
    yield f"```{language}\n"
    if rest.strip():
        yield rest
    for line in text:
        if end in line:
            break
        yield line if line.endswith("\n") else line + "\n"
    yield "```\n\n"


def _tidy(text: str) -> Iterator[str]:
    """Yield a block without the blank stretches that commands leave."""
    text = SOFT.sub("\n", text)
    bare = (" ".join(line.split()) if line.strip() else "" for line in text.split("\n"))
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(bare)).strip("\n")
    if joined:
        yield joined + "\n\n"
