"""Small and hostile files, made when a test runs."""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.extract.segment import Item, Picture, Problem, Segment

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def make_pdf(
    pages: list[bytes],
    *,
    catalog: bytes = b"",
    objects: tuple[bytes, ...] = (),
    page: bytes = b"",
    resources: bytes = b"",
    info: bytes = b"",
) -> bytes:
    """A PDF of the given content streams; pages with equal bytes share one stream. Extra objects are numbered from 4.

    `catalog`, `page` and `resources` are added to the dictionaries of that name; of `page` and `resources`, each page's.
    """
    contents = list(dict.fromkeys(pages))
    first_content = 4 + len(objects)
    first_page = first_content + len(contents)
    kids = b" ".join(b"%d 0 R" % (first_page + n) for n in range(len(pages)))
    body = [
        b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(pages)),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *objects,
    ]
    for content in contents:
        packed = zlib.compress(content)
        head = b"<</Length %d/Filter/FlateDecode>>" % len(packed)
        body.append(head + b"stream\n" + packed + b"\nendstream")
    body += [
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]%s/Resources<</Font<</F 3 0 R>>%s>>/Contents %d 0 R>>"
        % (page, resources, first_content + contents.index(content))
        for content in pages
    ]
    if info:
        body.append(b"<<%s>>" % info)
    return _with_xref(body, info_number=len(body) if info else 0)


def _with_xref(body: list[bytes], *, info_number: int) -> bytes:
    out, places = b"%PDF-1.7\n", list[int]()
    for number, content in enumerate(body, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(body) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        b"/Info %d 0 R" % info_number if info_number else b"",
        len(out),
    )
    return out + head + table + tail


def show(*lines: str) -> bytes:
    """A content stream that shows lines of text."""
    moves = b" ".join(b"(%s) Tj 0 -14 Td" % line.encode("latin-1") for line in lines)
    return b"BT /F 12 Tf 50 700 Td " + moves + b" ET"


SHOW_NESTED = b"/X Do"
NESTED = b"/XObject<</X 4 0 R>>"


def nested(leaf: bytes, *, depth: int) -> tuple[bytes, ...]:
    """Forms from object 4 on, each showing the next one ten times, the last one `leaf`: a reader has 10 ** depth to show."""
    forms = list[bytes]()
    for number in range(depth + 1):
        content = zlib.compress(leaf if number == depth else (SHOW_NESTED + b" ") * 10)
        forms.append(
            b"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Filter/FlateDecode/Length %d"
            b"/Resources<</Font<</F 3 0 R>>/XObject<</X %d 0 R>>>>>>stream\n%s\nendstream"
            % (len(content), 5 + number, content)
        )
    return tuple(forms)


def make_docx(body: str, *, parts: dict[str, str] | None = None) -> bytes:
    """A Word file of the given body; parts beside it (styles.xml, footnotes.xml) are related by their names."""
    others = {f"word/{name}": content for name, content in (parts or {}).items()}
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{name.removesuffix(".xml")}" Target="{name}"/>'
        for n, name in enumerate(parts or {})
    )
    return make_zip(
        {
            "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" '
            f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f"<w:document {W} {M} {MC}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}</Relationships>',
            **others,
        }
    )


def make_zip(members: Mapping[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def paragraph(text: str, *, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


def texts(items: Iterable[Item | Picture]) -> list[str]:
    return [item.text for item in items if isinstance(item, Segment)]


def codes(items: Iterable[Item | Picture]) -> list[str]:
    """The problem of each item, nothing for a segment."""
    return [item.code if isinstance(item, Problem) else "" for item in items]
