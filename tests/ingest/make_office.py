"""Small office files, made when a test runs: packages of OOXML, workbooks, OpenDocument, compound files."""

import struct

from tests.ingest.make_files import OFFICE, RELATIONS, make_zip

S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
P = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    f'xmlns:r="{OFFICE}" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def relations(parts):
    """The relations of a part: kind of each target."""
    each = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(parts.items(), start=1)
    )
    return f'<Relationships xmlns="{RELATIONS}">{each}</Relationships>'


def make_package(main, parts):
    """An OOXML file; `parts` beside the main one, by their paths."""
    types = {"[Content_Types].xml": CONTENT_TYPES}
    return make_zip({**types, "_rels/.rels": relations({main: "officeDocument"}), **parts})


def make_pptx(*slides, parts=None):
    """A presentation of the given shape trees; slide n has the relations of parts["n"] and their contents."""
    listed = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    paths = {f"slides/slide{n}.xml": "slide" for n in range(1, len(slides) + 1)}
    files = {
        "ppt/presentation.xml": f"<p:presentation {P}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(paths),
    }
    for path, slide in zip(paths, slides, strict=True):
        files[f"ppt/{path}"] = f"<p:sld {P}><p:cSld><p:spTree>{slide}</p:spTree></p:cSld></p:sld>"
    return make_package("ppt/presentation.xml", {**files, **(parts or {})})


def shape(*paragraphs, place=None):
    """A shape; in a placeholder of that type ("" is one without)."""
    kind = f'type="{place}"' if place else ""
    holder = "" if place is None else f"<p:ph {kind}/>"
    return f"<p:sp><p:nvPr>{holder}</p:nvPr><p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def line(text, *, properties=""):
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def make_xlsx(rows, *, parts=None):
    """A workbook of one sheet named S; the rows as XML."""
    sheets = f'<workbook {S} xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
    files = {
        "xl/workbook.xml": sheets,
        "xl/_rels/workbook.xml.rels": relations({"worksheets/sheet1.xml": "worksheet"}),
        "xl/worksheets/sheet1.xml": f"<worksheet {S}><sheetData>{rows}</sheetData></worksheet>",
    }
    return make_package("xl/workbook.xml", {**files, **(parts or {})})


def row(number, *cells):
    each = "".join(_cell(f"{chr(65 + n)}{number}", cell) for n, cell in enumerate(cells))
    return f'<row r="{number}">{each}</row>'


def _cell(place, value):
    if value == "":
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def make_compound(streams):
    """A compound file; a stream under 4,096 bytes lies in the small sectors, as the format demands."""
    mini = b"".join(_padded(each, 64) for each in streams.values() if len(each) < 4096)
    large = [each for each in streams.values() if len(each) >= 4096]
    mini_fat, starts, at = b"", dict[str, int](), 0
    for name, content in streams.items():
        if len(content) < 4096:
            count = -(-len(content) // 64)
            mini_fat += _links(at, count)
            starts[name], at = at, at + count
    directory_count = len(streams) // 4 + 1
    blobs = [b"", _padded(mini_fat, SECTOR, b"\xff"), _padded(mini, SECTOR)]
    blobs += [_padded(each, SECTOR) for each in large]
    fat, firsts, at = b"", [], 1
    for length in [directory_count * SECTOR, *map(len, blobs[1:])]:
        firsts.append(at if length else END)
        fat += _links(at, length // SECTOR)
        at += length // SECTOR
    fat = struct.pack("<I", FAT) + fat
    starts |= zip((n for n, each in streams.items() if len(each) >= 4096), firsts[3:], strict=True)
    entries = _entry("Root Entry", 5, FREE, 1, firsts[2], len(mini))
    for n, (name, content) in enumerate(streams.items(), start=1):
        right = n + 1 if n < len(streams) else FREE
        entries += _entry(name, 2, right, FREE, starts[name], len(content))
    blobs[0] = _padded(entries, directory_count * SECTOR)
    return _header(firsts) + _padded(fat, SECTOR, b"\xff") + b"".join(blobs)


def _links(first, count):
    numbers = [*range(first + 1, first + count), END] if count else []
    return struct.pack(f"<{count}I", *numbers)


def _padded(content, size, filler=b"\0"):
    return content + filler * (-len(content) % size)


def _entry(name, kind, right, child, start, size):
    encoded = name.encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2, kind, 1)
    return (head + struct.pack("<3I", FREE, right, child)).ljust(116, b"\0") + struct.pack(
        "<3I", start, size, 0
    )


def _header(firsts):
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0")
    head += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    head += struct.pack("<II", firsts[0], 0) + struct.pack("<III", 4096, firsts[1], 1)
    head += struct.pack("<II", END, 0) + struct.pack("<109I", 0, *[FREE] * 108)
    return head


def make_odf(content, *, members=None):
    """An OpenDocument file of the given content."""
    names = ["office", "text", "table", "drawing", "presentation", "style", "svg-compatible", "datastyle"]  # fmt: skip
    short = {"drawing": "draw", "svg-compatible": "svg", "datastyle": "number"}
    declared = " ".join(
        f'xmlns:{short.get(name, name)}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in names
    )
    whole = f"<office:document-content {declared}>{content}</office:document-content>"
    styles = {
        name: part.replace("<x>", f"<x {declared}>") for name, part in (members or {}).items()
    }
    return make_zip({"content.xml": whole, **styles})


def make_ods(styles, tables, *, members=None):
    """A spreadsheet of the given automatic styles and tables."""
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    own = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<m/>",
    }
    content = f"<office:automatic-styles>{styles}</office:automatic-styles>{body}"
    return make_odf(content, members={**own, **(members or {})})
