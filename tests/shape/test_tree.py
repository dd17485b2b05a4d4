"""The checkout keeps its shape: tests mirror sources, files and functions stay small, every module says what it is for."""

import ast
from pathlib import Path

import pytest

from tests.shape.tree import PACKAGES, ROOT, sources, tracked

LINES = 400
FUNCTION_LINES = 50
SPECIAL = {
    "shape",
    "faults",
    "relevance",
    "data",
    "browser",
    "hostile",
}  # suites about the whole, not about one module


def mirror(path: Path) -> Path:
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return Path("tests", *path.parts[:-1], f"test_{name}.py")


def test_every_source_has_its_test_and_the_reverse():
    wanted = {mirror(path) for path in sources()}
    found = {
        path
        for path in tracked()
        if path.parts[0] == "tests"
        and path.name.startswith("test_")
        and path.parts[1] not in SPECIAL
    }
    assert sorted(map(str, wanted - found)) == [], "sources without a test file"
    assert sorted(map(str, found - wanted)) == [], "test files without a source"


@pytest.mark.parametrize("path", [p for p in tracked() if p.suffix == ".py"], ids=str)
def test_files_and_functions_are_small_and_say_what_they_are_for(path):
    text = (ROOT / path).read_text()
    tree = ast.parse(text)
    head = ast.get_docstring(tree) or ""
    assert text.count("\n") <= LINES or "Long because:" in head
    assert head or not text.strip() or path.parts[0] not in PACKAGES, (
        "a module opens with what it is for"
    )
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [f.name for f in functions if (f.end_lineno or f.lineno) - f.lineno >= FUNCTION_LINES]
    assert long == []


def test_no_drawer_folders_or_files():
    drawers = {
        "utils",
        "helpers",
        "common",
        "models",
        "schemas",
        "services",
        "repositories",
        "managers",
        "types",
    }
    found = [
        str(p)
        for p in sources()
        if {p.stem, *p.parts[:-1]} & drawers and p != Path("api/replies/models.py")
    ]
    assert found == []
