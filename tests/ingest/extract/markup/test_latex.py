import io

import pytest

from ingest.extract.markup.latex import read
from ingest.extract.segment import Properties, Segment

PAPER = r"""\documentclass{article} % none of this
\title{On {\em Grand} Things\thanks{Money}}
\author{Ada Lovelace \and Karl Gau\ss}
\date{2020-01-02}
\newcommand{\x}{y}
\begin{document}
\maketitle
\section[short]{Intro}\label{sec:i}
One % hidden
% hidden
two.

\begin{lstlisting}[language=C]
int main() { return 0; } % kept

\end{lstlisting}
End.
\end{document}
"""


def items_of(text):
    return list(read(io.BytesIO(text.encode()), first=0, most_characters=10**6))


def test_a_paper():
    assert items_of(PAPER) == [
        Properties("On Grand Things", "Ada Lovelace, Karl Gauß", "2020-01-02"),
        Segment(
            0, None, None,
            "# On Grand Things\n\nAda Lovelace, Karl Gauß\n\n## Intro\n\nOne\ntwo.\n\n```\n"
            "int main() { return 0; } % kept\n\n```\n\nEnd.\n\n",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50\\% of it\\\\%\nnext", "50% of it\nnext\n\n"),
        ("\\begin{tabular}{l|r}\n\\hline\nA & B \\\\ \\hline\n\n1 & 2 \\\\\n\\end{tabular}\nc & d", "A | B\n\n1 | 2\n\nc & d\n\n"),
        ("\\begin{minted}{python}\n# x\n\\end{minted}", "```python\n# x\n```\n\n"),
        ("\\begin{verbatim} here\nx\n\\end{verbatim}", "```\n here\nx\n```\n\n"),
        ("\\begin{verbatim}\nnever closed", "```\nnever closed\n```\n\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_fragment_without_a_preamble(text, expected):
    assert "".join(item.text for item in items_of(text) if isinstance(item, Segment)) == expected


def test_a_long_block_is_bounded():
    assert len(items_of("word\n" * 100_000)) > 20
