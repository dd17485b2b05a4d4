"""The words of a stretch of LaTeX: commands give way to their arguments, formulas stay as they are written.

One pass over the text, no backtracking; what is never closed ends with the stretch. Knows the commands of the standard classes
and of the packages that papers use; of any other command the first argument is kept.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

SOFT_BREAK = "\x1e"  # a new line, unless one begins here already
DEEPEST = 30  # arguments in arguments
SECTIONS = {
    "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6,
    "frametitle": 3,
}  # fmt: skip
# What these are given is for the machine, or said elsewhere.
SILENT = frozenset({
    "label", "vspace", "hspace", "usepackage", "bibliographystyle", "bibliography", "includegraphics", "setlength", "addtolength",
    "newcommand", "renewcommand", "providecommand", "newenvironment", "thispagestyle", "pagestyle", "hypersetup", "documentclass",
    "setcounter", "addtocounter", "index", "definecolor", "color", "fontsize", "linespread", "input", "include", "vskip",
    "hskip", "graphicspath", "RequirePackage", "def", "DeclareMathOperator", "newtheorem", "addbibresource", "phantom",
    "rule", "cmidrule", "cline", "pdfbookmark", "markboth", "hyphenation", "geometry", "setbeamertemplate", "usetheme",
    "title", "author", "date", "thanks",
})  # fmt: skip
REFERENCES = frozenset(
    {
        "cite",
        "citep",
        "citet",
        "citealp",
        "parencite",
        "textcite",
        "autocite",
        "ref",
        "eqref",
        "autoref",
        "cref",
        "Cref",
        "pageref",
    }
)
MATH = frozenset(
    {
        "equation",
        "align",
        "gather",
        "multline",
        "eqnarray",
        "math",
        "displaymath",
        "alignat",
        "flalign",
        "tikzpicture",
    }
)
TABLES = frozenset({"tabular", "tabularx", "tabulary", "longtable", "array"})
NAMED = re.compile(
    r"(?:theorem|lemma|proof|definition|corollary|proposition|remark|example|abstract|conjecture|claim|exercise)$"
)
SYMBOLS = {
    "LaTeX": "LaTeX", "TeX": "TeX", "ldots": "…", "dots": "…", "textbackslash": "\\", "S": "§", "P": "¶", "copyright": "©",
    "pounds": "£", "euro": "€", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å",
    "AA": "Å", "l": "ł", "L": "Ł", "i": "\u0131", "j": "ȷ", "textendash": "\u2013", "textemdash": "—", "quad": " ", "qquad": " ",
    "newline": "\n", "tabularnewline": "\n", "par": "\n\n", "textbar": "|", "textless": "<", "textgreater": ">", "textasciitilde": "~",
    "textdegree": "°", "slash": "/", "hline": "", "toprule": "", "midrule": "", "bottomrule": "", "hfill": " ", "and": ", ",
}  # fmt: skip
ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
TYPED = (("---", "—"), ("--", "\u2013"), ("``", "“"), ("''", "”"), ("~", " "))
COMMAND = re.compile(r"\\([A-Za-z@]+)\*?[ \t]*|\\(.)", re.DOTALL)
PLAIN_RUN = re.compile(r"[^\\{}$&~`'\-]+")
EMPTY = re.compile(r"\{\}")
TITLE = re.compile(r"\s*\[([^\]\n]{0,200})\]\s*")
OPTION = re.compile(r"\s*\[[^\]]{0,500}\]")
KEY = re.compile(r"\s*(?:\[[^\]]{0,200}\]\s*)*\{([^{}]{0,500})\}")
ENVIRONMENT = re.compile(r"\{([A-Za-z]+)\*?\}")


class Scanner:
    """Reads one block after another; a table may go on over blank lines."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._depth = 0
        self._absent: set[str] = set()  # what does not stand further on
        self._tables = 0  # open ones

    def convert(self, text: str) -> str:
        """Return the words of the next stretch; SOFT_BREAKs are the caller's to resolve."""
        return self.argument_at(text, 0)

    def argument_at(self, text: str, at: int) -> str:
        """Return the words from `at` on: of a whole argument when a brace opens there, else up to the end."""
        self._text, self._at, self._depth = text, at, 0
        self._absent.clear()
        return self._argument() if text[at : at + 1] == "{" and at else self._run()

    def _run(self) -> str:
        """Return the words up to the closing brace of an argument, or the end."""
        out: list[str] = []
        while self._at < len(self._text):
            if self._text[self._at] == "}":
                self._at += 1
                if self._depth:
                    break
            else:
                out.append(self._token())
        return "".join(out)

    def _token(self) -> str:
        if match := PLAIN_RUN.match(self._text, self._at):
            self._at = match.end()
            return match[0]
        character = self._text[self._at]
        if character == "\\":
            return self._command()
        if character == "{":
            return self._argument()
        if character == "$":
            return self._math("$$" if self._text.startswith("$$", self._at) else "$")
        for typed, shown in TYPED:
            if self._text.startswith(typed, self._at):
                self._at += len(typed)
                return shown
        self._at += 1
        return " | " if character == "&" and self._tables else character

    def _argument(self) -> str:
        """Return the words of an argument whose brace opens here, "" where none does."""
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        if self._text[self._at : self._at + 1] != "{":
            return ""
        self._at += 1
        if self._depth >= DEEPEST:
            return ""
        self._depth += 1
        words = self._run()
        self._depth -= 1
        return words

    def _math(self, mark: str, closing: str = "") -> str:
        """Return a formula as it is written, or the mark alone where nothing closes it."""
        start, self._at = self._at, self._at + len(mark)
        end = self._find(closing or mark, self._at)
        if end >= 0:
            self._at = end + len(closing or mark)
        return self._text[start : self._at]

    def _find(self, closing: str, start: int) -> int:
        """Return where it stands next, -1 for nowhere; a stretch is searched in vain once for each."""
        end = -1 if closing in self._absent else self._text.find(closing, start)
        if end < 0:
            self._absent.add(closing)
        return end

    def _command(self) -> str:
        match = COMMAND.match(self._text, self._at)
        if match is None:  # a backslash at the very end
            self._at += 1
            return ""
        if match[2] in {"[", "("}:
            return self._math(match[0], {"[": "\\]", "(": "\\)"}[match[2]])
        self._at = match.end()
        return self._symbol(match[2]) if match[2] else self._named(match[1])

    def _symbol(self, character: str) -> str:
        if character == "\\":
            self._skip(OPTION)
            return SOFT_BREAK
        if character in ACCENTS:
            return self._accented(ACCENTS[character])
        return character if character in "%&_#${} " else "" if character in "-/@!" else " "

    def _accented(self, accent: str) -> str:
        while self._text[self._at : self._at + 1] == " ":
            self._at += 1
        if self._text[self._at : self._at + 1] in {"{", "\\"}:
            letters = self._token()
        else:
            letters = self._text[self._at : self._at + 1]
            self._at += 1
        letters = letters.replace("\u0131", "i")
        return unicodedata.normalize("NFC", letters[:1] + accent) + letters[1:] if letters else ""

    def _named(self, name: str) -> str:
        if name in SECTIONS:
            self._skip(OPTION)
            return f"\n\n{'#' * SECTIONS[name]} {' '.join(self._argument().split())}\n\n"
        if name in SILENT:
            return self._silent()
        if name in REFERENCES:
            key = self._skip(KEY)
            return f"[{key[1]}]" if key else ""
        if name in ACCENTS:
            return self._accented(ACCENTS[name])
        if name in SYMBOLS:
            self._skip(EMPTY)
            return SYMBOLS[name]
        special = SPECIAL.get(name)
        return special(self) if special else self._unknown()

    def begin(self) -> str:
        environment = self._skip(ENVIRONMENT)
        if environment is None:
            return ""
        name = environment[1]
        if name in MATH:
            closing = rf"\end{environment[0]}"
            return f"\n{self._math('', closing).removesuffix(closing).strip()}\n"
        option = self._skip(TITLE)
        if name in TABLES:
            self._tables += 1
            self._silent()
            return SOFT_BREAK
        if name == "frame":
            title = " ".join(self._argument().split())
            return f"\n\n{'#' * SECTIONS['frametitle']} {title}\n\n" if title else SOFT_BREAK
        if NAMED.match(name):
            return f"\n\n{name.capitalize()}{f' ({option[1]})' if option else ''}: "
        self._silent()
        return SOFT_BREAK

    def end(self) -> str:
        environment = self._skip(ENVIRONMENT)
        if environment and environment[1] in TABLES:
            self._tables = max(0, self._tables - 1)
        return SOFT_BREAK

    def item(self) -> str:
        label = self._skip(TITLE)
        return f"{SOFT_BREAK}- {Scanner().convert(label[1])}: " if label else f"{SOFT_BREAK}- "

    def bibitem(self) -> str:
        key = self._skip(KEY)
        return f"{SOFT_BREAK}- [{key[1]}] " if key else f"{SOFT_BREAK}- "

    def footnote(self) -> str:
        return f" ({self._argument()})"

    def href(self) -> str:
        address = self.raw()
        return f"{self._argument()} ({address})"

    def raw(self) -> str:
        """Return an argument as it is written: an address, a path."""
        key = self._skip(KEY)
        return key[1].replace("\\", "") if key else ""

    def verb(self) -> str:
        mark = self._text[self._at : self._at + 1]
        end = self._find({"{": "}"}.get(mark, mark), self._at + 1) if mark else -1
        if end < 0:
            return ""
        start, self._at = self._at + 1, end + 1
        return self._text[start:end]

    def caption(self) -> str:
        self._skip(OPTION)
        return f"\n\n{self._argument()}\n\n"

    def second(self) -> str:
        self._skip(OPTION)
        self._argument()
        return self._argument()

    def third(self) -> str:
        self._argument()
        return self.second()

    def _skip(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _silent(self) -> str:
        while True:
            if self._text[self._at : self._at + 1] == "{":
                self._argument()
            elif not self._skip(OPTION):
                return ""

    def _unknown(self) -> str:
        option = OPTION.match(self._text, self._at)
        if option and self._text[option.end() : option.end() + 1] == "{":
            self._at = option.end()
        return self._argument() if self._text[self._at : self._at + 1] == "{" else ""


SPECIAL: Final[dict[str, Callable[[Scanner], str]]] = {
    "begin": Scanner.begin, "end": Scanner.end, "item": Scanner.item, "bibitem": Scanner.bibitem, "footnote": Scanner.footnote,
    "href": Scanner.href, "url": Scanner.raw, "path": Scanner.raw, "verb": Scanner.verb, "lstinline": Scanner.verb,
    "caption": Scanner.caption, "textcolor": Scanner.second, "colorbox": Scanner.second, "multicolumn": Scanner.third,
    "multirow": Scanner.third,
}  # fmt: skip
