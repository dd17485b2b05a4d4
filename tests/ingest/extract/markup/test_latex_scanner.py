import pytest

from ingest.extract.markup.latex_scanner import SOFT_BREAK, Scanner


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\textbf{bold \textit{nested}} {\em x}", "bold nested x"),
        (r"\foo[opt]{kept} \bar \baz[not an option] z", r"kept [not an option] z"),
        (r"$a_{1} < b$, \(x\), \[ \frac{1}{2} \], $$y$$", r"$a_{1} < b$, \(x\), \[ \frac{1}{2} \], $$y$$"),
        (r"5 \$ and \{x\} \_ \# \&", "5 $ and {x} _ # &"),
        (r"\'etude na\"{\i}ve \c{c}a \v{S} \ss{} \o re \^", "étude naïve ça Š ß øre "),
        ("``quoted'' -- a---b see~c", "“quoted” \u2013 a—b see c"),
        (r"\cite[p.~3]{a,b} \ref{c}\label{d}\vspace*{2em}!", "[a,b] [c]!"),
        (r"a\footnote{b \emph{c}} \href{http://x/a\_b}{d} \url{http://y}", "a (b c) d (http://x/a_b) http://y"),
        (r"\verb|a_b{| \lstinline{c}", "a_b{ c"),
        (r"\subsection*{A\\ B}", "\n\n### A B\n\n"),
        (r"\item a \item[b] c \bibitem{d} e", f"{SOFT_BREAK}- a {SOFT_BREAK}- b: c {SOFT_BREAK}- [d]  e"),
        (r"\begin{align*} a & b \\ c \end{align*}", "\na & b \\\\ c\n"),
        (r"\begin{theorem}[Gauss]x\end{theorem}", f"\n\nTheorem (Gauss): x{SOFT_BREAK}"),
        (r"\begin{frame}{Slide}x", "\n\n### Slide\n\nx"),
        (r"\begin{minipage}[t]{0.5\textwidth}x", f"{SOFT_BREAK}x"),
        (r"\caption[s]{Long} \textcolor{red}{x} \multicolumn{2}{c}{y}", "\n\nLong\n\n x y"),
        (r"a } b { c", "a  b  c"),
        ("\\section {A} \\'  e \\@x \\,y", "\n\n## A\n\n é  y"),
        ("{" * 31 + "a" + "}" * 31 + "b", "ab"),
        ("\\begin{frame}x\\end{frame}", f"{SOFT_BREAK}x{SOFT_BREAK}"),
        ("\\", ""),
        ("$never closed", "$never closed"),
        (r"\begin \verb", ""),
    ],
)  # fmt: skip
def test_commands_give_way_to_their_words(text, expected):
    assert Scanner().convert(text) == expected


def test_a_table_goes_on_over_stretches():
    scanner = Scanner()
    assert scanner.convert(r"\begin{tabular}{ll}a & b") == f"{SOFT_BREAK}a  |  b"
    assert scanner.convert(r"c & d\end{tabular} & e") == f"c  |  d{SOFT_BREAK} & e"


def test_hostile_text_takes_linear_time_and_no_deep_stack():
    for text in (
        "{" * 100_000,
        "\\x{" * 50_000,
        "$" * 100_001,
        "\\[" * 50_000,
        "\\begin{a}" * 20_000,
        "\\x[" * 50_000,
    ):
        assert len(Scanner().convert(text)) <= 200_000
