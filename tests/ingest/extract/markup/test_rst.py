import io
from pathlib import Path

import pytest

from ingest.extract.markup.rst import inline, read
from ingest.extract.segment import Properties, Segment

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(raw), first=0, most_characters=10**6))


def text_of(content):
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def test_a_real_page():
    text = text_of((DATA / "README.rst").read_bytes())
    assert text.startswith(
        "# Example Docs\n\nThe sample docs directory contains the following files:\n\n-  `example"
    )
    assert text.partition("too big to store in the repo.\n")[2] == (
        "\n## XBRL 10-K\n\nYou can get an example 10-K in inline XBRL format using the following\n`curl`. Note, you need "
        "to have the user agent set in the header or the\nSEC site will reject your request.\n\n```bash\n\n   curl -O \\\n"
        "     -A '${organization} ${email}'\n     https://www.sec.gov/Archives/edgar/data/311094/000117184321001344/"
        "0001171843-21-001344.txt\n\n```\nYou can parse this document using the HTML parser.\n"
    )


def test_the_fields_at_the_top_and_the_first_title_are_properties():
    head = "=====\nTitle\n=====\n\n:Author: Ada\n:Language: en\n"
    assert items_of(head)[0] == Properties("Title", "Ada", language="en")


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("===\nA\n===\n\nB\n===\nC\n---\nD\n===\n", "# A\n\n## B\n### C\n## D\n"),
        ("a\n\n----\n\nb\n", "a\n\n\nb\n"),
        ("Long title here\n---\n", "Long title here\n"),
        (".. note:: Look\n   here\nend\n", "Note: Look\n   here\nend\n"),
        (".. a comment\n   goes on\n\nNext\n~~~~\n", "# Next\n"),
        (".. _t: http://x.org\n.. _u:\n.. [1] a note\n", "http://x.org\n[1] a note\n"),
        (".. code-block:: sql\n   :linenos:\n\n   SELECT ``1``\n", "```sql\n\n   SELECT ``1``\n```\n"),
        (".. figure:: x.png\n   :alt: A cat\n\n   The caption\n", "A cat\n\n   The caption\n"),
        (".. topic:: T\n\n   x\n", "T\n\n   x\n"),
        (".. toctree::\n   :maxdepth: 2\n\n   a\n   b\n", ""),
        ("+--+--+\n|a | b|\n+==+==+\n|c | d|\n+--+--+\n", "a | b\nc | d\n"),
        ("== ==\nx  y\n== ==\n", "x  y\n"),
        ("Thus::\n\n   x\n\n::\n\n   y\n", "Thus:\n\n   x\n\n\n   y\n"),
    ],
)  # fmt: skip
def test_markup_becomes_light_structure(markup, expected):
    assert text_of(markup) == expected


def test_roles_and_links_give_their_words():
    line = "``c`` :class:`~a.B` :ref:`this <t>` `L <http://x>`_ `m`_ *n*"
    assert inline(line) == "`c` a.B this L (http://x) m *n*"
