import io
import json
from pathlib import Path

import pytest

from ingest.extract.data.notebook import MOST_OUTPUT, read
from ingest.extract.segment import Properties, Segment

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(read(io.BytesIO(raw), first=0, most_characters=10**6))


def text_of(content):
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def test_a_real_notebook():
    assert items_of((DATA / "test_notebook.ipynb").read_bytes()) == [
        Properties("Test Notebook Title"),
        Segment(
            0, None, None,
            '# Test Notebook\n\n```python\nprint("markitdown")\n```\n\n```\nmarkitdown\n```\n\n## Code Cell Below\n\n'
            "```python\n# comment in code\nprint(42)\n```\n\n```\n42\n```\n\nEnd\n\n---\n\n",
        ),
    ]  # fmt: skip


def code(*outputs, source="x"):
    return {"cells": [{"cell_type": "code", "source": source, "outputs": list(outputs)}]}


@pytest.mark.parametrize(
    ("notebook", "expected"),
    [
        (code({"output_type": "stream", "text": ["a\n", "b\n"]}), "```\nx\n```\n\n```\na\nb\n```\n\n"),
        (code({"data": {"image/png": "AAAA", "text/plain": "<Figure>"}}), "```\nx\n```\n\n```\n<Figure>\n```\n\n"),
        (code({"data": {"text/html": "<table><tr><td>a<td>b</table>"}}), "```\nx\n```\n\n```\na | b\n```\n\n"),
        (code({"output_type": "error", "ename": "KeyError", "evalue": "'k'"}), "```\nx\n```\n\n```\nKeyError: 'k'\n```\n\n"),
        (code({"text": " "}, source=""), ""),
        (code(source="'''\n```\n'''"), "~~~\n'''\n```\n'''\n~~~\n\n"),
        ({"worksheets": [{"cells": [{"cell_type": "code", "input": "old", "outputs": []}]}]}, "```\nold\n```\n\n"),
        ({"cells": [{"cell_type": "heading", "level": 2, "source": "H"}, {"cell_type": "raw", "source": 7}]}, "## H\n\n"),
    ],
)  # fmt: skip
def test_cells_become_prose_and_fences(notebook, expected):
    assert text_of(notebook) == expected


def test_a_long_output_is_cut_and_says_so():
    text = text_of(code({"text": "word " * 10_000}))
    assert len(text) < MOST_OUTPUT + 100
    assert text.endswith("\n(cut; 50,000 characters in all)\n```\n\n")


def test_metadata_and_the_first_heading_are_properties():
    notebook = {
        "metadata": {"authors": [{"name": "Ada"}, {"name": "Bo"}]},
        "cells": [{"cell_type": "markdown", "source": "x\n# T\n"}],
    }
    assert items_of(notebook)[0] == Properties("T", "Ada; Bo")


@pytest.mark.parametrize(
    "content", [b"no notebook\n", b'{"cells": []}\n', b'{"cells": 1}\n', b"[" * 100_000 + b"\n"]
)
def test_what_is_no_notebook_is_read_as_text(content):
    assert text_of(content) == content.decode()
