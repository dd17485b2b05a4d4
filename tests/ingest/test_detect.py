import io
from pathlib import Path

import pytest

from ingest.detect import detect
from ingest.formats import (
    BY_SUFFIX,
    DOC,
    DOCX,
    EPUB,
    HTML,
    MAIL,
    MARKDOWN,
    ODP,
    ODS,
    ODT,
    OUTLOOK,
    PDF,
    PPTX,
    RTF,
    TEXT,
    XLS,
    XLSB,
    XLSX,
    ZIP,
)
from tests.ingest.make_files import make_docx, make_pdf, make_zip, show

DATA = Path(__file__).parents[1] / "data" / "files"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (make_pdf([show("a")]), "a.txt", PDF),
        (b"junk\n" + make_pdf([show("a")]), "a", PDF),
        (make_docx(""), "a.pdf", DOCX),
        (make_zip({"xl/workbook.xml": "<x/>"}), "a.docx", XLSX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut off", "a.doc", None),
        (b"PK\x03\x04 cut off", "a.docx", ZIP),
        (b"<!DOCTYPE HTML><p>x", "a.txt", HTML),
        (b"\xef\xbb\xbf <!-- %PDF- -->\n<?xml version='1.0'?><html>", "", HTML),
        ("<html><p>x".encode("utf-16"), "", HTML),
        (b"<!-- never closed", "a", TEXT),
        (b"<p>a fragment</p>", "a.htm", HTML),
        (b"<p>a fragment</p>", "a.txt", TEXT),
        (b"# Title", "a.MD", MARKDOWN),
        (b"# Title", "notes", TEXT),
        ("Grüße".encode("cp1252"), "a.txt", TEXT),
        ("Grüße".encode("utf-16-le"), "a.txt", TEXT),
        (b"x", "", TEXT),
        (b"HEAD = b'%PDF-'", "a.py", "text/x-python"),
        (b"\0", "a.txt", None),
        (b"", "a.txt", TEXT),
        (PNG, "a.md", "image/png"),
        (bytes(range(1, 256)) * 4, "a.txt", None),
        (b"{\\rtf1 text}", "a.txt", RTF),
        (b"%!PS-Adobe", "a.txt", None),
    ],
)
def test_the_bytes_decide_and_the_name_only_between_kinds_of_text(content, name, expected):
    assert detect(io.BytesIO(content), name=name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Makefile", "text/x-makefile"),
        ("GNUmakefile", "text/x-makefile"),
        ("Dockerfile", "text/x-dockerfile"),
        ("api.Dockerfile", "text/x-dockerfile"),
        ("Jenkinsfile", "text/x-groovy"),
        ("Rakefile", "text/x-ruby"),
        (".bashrc", "text/x-shellscript"),
        (".env", "text/x-ini"),
        (".editorconfig", "text/x-ini"),
        ("Pipfile", "application/toml"),
        *(
            (name, TEXT)
            for name in ("README", "LICENSE", "CHANGELOG", "AUTHORS", ".gitignore", "go.mod")
        ),
    ],
)
def test_a_name_without_a_suffix_is_known(name, expected):
    content = b"# How it is built\nall: test\nFROM python\n"
    assert detect(io.BytesIO(content), name=name) == expected
    assert detect(io.BytesIO(make_pdf([show("a")])), name=name) == PDF


def test_real_files():
    paths = [path for path in DATA.iterdir() if path.suffix != ".md"]
    found = {path.name: detect(io.BytesIO(path.read_bytes()), name=path.name) for path in paths}
    by_suffix = {".pdf": PDF, ".docx": DOCX, ".pptx": PPTX, ".xlsx": XLSX, ".xls": XLS, ".ods": ODS}
    by_suffix |= {".odt": ODT, ".odp": ODP, ".epub": EPUB, ".rtf": RTF, ".doc": DOC, ".xlsb": XLSB}
    by_suffix |= {".eml": MAIL, ".msg": OUTLOOK, ".zip": ZIP} | BY_SUFFIX
    assert found == {name: by_suffix[Path(name).suffix] for name in found}
