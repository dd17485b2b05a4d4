"""Hostile and broken files of every kind, through the real child: a clear reason, never anything else."""

import asyncio
import gzip
import shutil
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_STORED

import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont

from core.errors import PermanentFailure
from ingest.extract.segment import Item, Member, Problem, Properties, Segment
from ingest.formats import (
    DOC,
    DOCX,
    EPUB,
    GZIP,
    HTML,
    MAIL,
    MARKDOWN,
    MBOX,
    ODP,
    ODS,
    ODT,
    PDF,
    PPT,
    PPTX,
    RTF,
    TEXT,
    XLS,
    XLSB,
    XLSX,
    ZIP,
)
from ingest.ocr import PROGRAM
from ingest.readers import NeedsMemory, Readers
from ingest.sandbox import extract
from ingest.sandbox_process import Limits
from tests.ingest.make_files import (
    NESTED,
    SHOW_NESTED,
    codes,
    make_docx,
    make_pdf,
    make_zip,
    nested,
    paragraph,
    show,
    texts,
    write,
)
from tests.ingest.make_office import make_pptx, make_xlsx, row
from tests.ingest.make_ppt import make_ppt, make_slide
from tests.ingest.make_sealed import seal_agile

DATA = Path(__file__).parents[1] / "data" / "files"
LAUGHS = (
    "<!DOCTYPE w ["
    + "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    + '<!ENTITY e0 "lol">]><w>&e9;</w>'
)
FAR_APART = row(1, 1) + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
LIMITS = Limits()
TIGHT = Limits(cpu_s=1)
BURNING = nested(b"q Q " * 2**19, depth=3)  # 2 GB of them in 10 kB


async def items_of(path, media_type, *, limits=LIMITS, first=0, password=""):
    items = extract(path, media_type, limits=limits, first_segment=first, password=password)
    return [item async for item in items]


async def refusal(path, media_type, *, limits=LIMITS, password=""):
    with pytest.raises(PermanentFailure) as caught:
        await items_of(path, media_type, limits=limits, password=password)
    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "media_type", "beginning"),
    [
        ("norwich-city.txt", TEXT, "Iwan Roberts\n"),
        ("norwich-city.txt", MARKDOWN, "Iwan Roberts\n"),
        ("fake-text-utf-16-be.txt", TEXT, "This is a test document"),
        ("fake-html-cp1252.html", HTML, "# My First Heading\n\nMy first paragraph."),
        (
            "word_tables.docx",
            DOCX,
            "# Test with tables\n\nA uniform table\n\nHeader 0.0 | Header 0.1",
        ),
        ("powerpoint_sample.pptx", PPTX, "# Test Table Slide\n\nWith footnote"),
        ("xlsx_05_table_with_title.xlsx", XLSX, "# Duck Observations\n\nNumber of freshwater"),
        ("date_1904.xls", XLS, "# Sheet1\n\nRows 1-3:\n2021-01-01 | 15\n"),
        ("date_1904.xlsb", XLSB, "# Sheet1\n\nRows 1-3:\n2021-01-01 | 15\n"),
        ("odf_table_with_title_01.ods", ODS, "# Sheet1\n\nNumber of freshwater"),
        ("fake.odt", ODT, "Lorem ipsum dolor sit amet.\n\nHeader row | Mon"),
        ("odf_presentation_01.odp", ODP, "# Test Table Slide\n\nWith footnote"),
        ("test.epub", EPUB, "A test EPUB document"),
        ("fake-doc.rtf", RTF, "# My First Heading\n\nMy first paragraph."),
        ("simple.doc", DOC, "# These are a few of my favorite things:"),
        ("minimal-document.pdf", PDF, "Lorem ipsum dolor sit amet"),
        ("enc-base.pdf", PDF, "### Trepsicle 1.2.2 -> 0: /XYZ null null null\nPotato 0\n"),
        ("bad2.pdf", PDF, "Potato\n"),
    ],
)
async def test_a_real_file_of_each_kind_is_read(name, media_type, beginning):
    items = await items_of(DATA / name, media_type)
    assert "".join(texts(items)).startswith(beginning)
    assert not any(codes(items))


async def test_a_long_pdf_is_read_by_one_child_after_the_other(tmp_path):
    path = write(tmp_path, make_pdf([show(f"page {n}") for n in range(1, 8)]))
    limits = Limits(pages_per_child=3)
    expected = [Segment(n - 1, n, None, f"page {n}\n", 7) for n in range(1, 8)]
    assert await items_of(path, PDF, limits=limits) == expected
    assert await items_of(path, PDF, limits=limits, first=5) == expected[5:]
    assert await items_of(path, PDF, limits=limits, first=7) == []


@pytest.mark.parametrize(
    ("content", "media_type", "code"),
    [
        (b"", TEXT, "empty_file"),
        (b"\0", TEXT, "not_text"),
        (b"x", PDF, "broken_file"),
        (b"x", DOCX, "broken_file"),
        (b"\0", HTML, "not_text"),
        (b"x", "image/png", "broken_file"),
        (b"x", "audio/mpeg", "unsupported_type"),
        (make_docx(""), PDF, "broken_file"),
        (make_pdf([show("a")])[:-200], DOCX, "broken_file"),
        (b"%PDF-1.7\n%%EOF", PDF, "broken_file"),
        (make_zip({"word/document.xml": "\0" * 30_000_000}), DOCX, "archive_too_large"),
        (make_zip({"_rels/.rels": LAUGHS}), DOCX, "broken_file"),
        (make_zip({"content.xml": LAUGHS}), ODT, "broken_file"),
        (make_zip({"META-INF/container.xml": LAUGHS}), EPUB, "broken_file"),
        (make_pptx("\0" * 30_000_000), PPTX, "archive_too_large"),
        (make_xlsx(FAR_APART), XLSX, "too_large"),
        (b"{" * 10_000_000, RTF, "broken_file"),
        ((DATA / "simple.doc").read_bytes()[:9_000], DOC, "broken_file"),
        ((DATA / "date_1904.xls").read_bytes()[:4_000], XLS, "broken_file"),
        ((DATA / "password_protected.xlsx").read_bytes(), DOCX, "password_needed"),
        ((DATA / "password_protected.xlsx").read_bytes(), XLSX, "password_needed"),
        (make_ppt([make_slide()], token=0xF3D1C4DF), PPT, "encrypted"),
        (b"word " * 10_000_000, TEXT, "too_much_text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
async def test_empty_mislabelled_broken_and_bombs_are_refused_with_a_reason(
    tmp_path, content, media_type, code
):
    assert await refusal(write(tmp_path, content), media_type) == code


async def test_a_real_encrypted_pdf_is_refused():
    assert await refusal(DATA / "password.pdf", PDF) == "password_needed"
    assert await refusal(DATA / "password.pdf", PDF, password="sesame") == "password_wrong"


async def test_a_real_encrypted_pdf_is_read_with_its_password_which_no_argument_holds(monkeypatch):
    told = list[object]()
    start = asyncio.create_subprocess_exec

    async def listening(*arguments, **options):
        told.extend((arguments, options))
        return await start(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", listening)
    found = await items_of(DATA / "password.pdf", PDF, password="password")
    assert texts([item for item in found if isinstance(item, Segment)]) == ["File with password\n"]
    assert told
    assert "password" not in str(told).replace("password.pdf", "")


async def test_a_sealed_document_is_read_with_its_password(tmp_path):
    path = write(tmp_path, seal_agile(make_docx(paragraph("Low water")), "sesame"))
    assert texts(await items_of(path, DOCX, password="sesame")) == ["Low water\n"]


async def test_an_attached_file_that_kills_the_reader_leaves_the_pages(tmp_path):
    bomb = zlib.compress(bytes(500 * 2**20))
    objects = (
        b"<</Type/Filespec/UF(zeros)/EF<</F 5 0 R>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(bomb), bomb),
    )
    catalog = b"/Names<</EmbeddedFiles<</Names[(1) 4 0 R]>>>>"
    path = write(tmp_path, make_pdf([show("a")], objects=objects, catalog=catalog))
    page, problem = await items_of(path, PDF, limits=Limits(memory_bytes=300 * 2**20))
    assert page == Segment(0, 1, None, "a\n\nAttached file: zeros\n", 1)
    assert isinstance(problem, Problem)
    assert (problem.ordinal, problem.page) == (1, None)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(b" \n", TEXT), (make_pdf([b""]), PDF), (make_docx(paragraph("")), DOCX), (b"<html>", HTML),
     (make_pptx(""), PPTX), (make_xlsx(""), XLSX), (b"{\\rtf1}", RTF), (make_ppt([make_slide()]), PPT)],
)  # fmt: skip
async def test_a_file_without_text_says_so(tmp_path, content, media_type):
    last = (await items_of(write(tmp_path, content), media_type))[-1]
    assert isinstance(last, Problem)
    assert (last.page, last.code) == (None, "no_text")


async def test_limits_on_pages_and_characters_hold_for_the_whole_file(tmp_path):
    path = write(tmp_path, make_pdf([show("abc")] * 4))
    assert await refusal(path, PDF, limits=Limits(pages=3)) == "too_many_pages"
    assert (
        await refusal(path, PDF, limits=Limits(characters=15, pages_per_child=2)) == "too_much_text"
    )


async def test_a_page_that_burns_its_childs_cpu_is_skipped(tmp_path):
    pages = [show("a"), SHOW_NESTED, show("c")]
    path = write(tmp_path, make_pdf(pages, objects=BURNING, resources=NESTED))
    items = await items_of(path, PDF, limits=TIGHT)
    assert items == [
        Segment(0, 1, None, "a\n", 3),
        Problem(
            1,
            2,
            "too_slow",
            "Page 2 took too long to read.",
            "Print it to a simpler file and upload that.",
        ),
        Segment(2, 3, None, "c\n", 3),
    ]


async def test_thousands_of_pages_that_share_a_burning_form_are_over_after_two_children(tmp_path):
    content = make_pdf([SHOW_NESTED] * 5000, objects=BURNING, resources=NESTED)
    assert await refusal(write(tmp_path, content), PDF, limits=TIGHT) == "too_slow"


async def test_the_second_death_in_a_row_leaves_what_was_read(tmp_path):
    pages = [show("a"), SHOW_NESTED, show("c"), SHOW_NESTED, show("e")]
    path = write(tmp_path, make_pdf(pages, objects=BURNING, resources=NESTED))
    items = await items_of(path, PDF, limits=TIGHT)
    assert (texts(items), codes(items)) == (["a\n", "c\n"], ["", "too_slow", "", "too_slow"])
    assert items[-1] == Problem(
        3,
        4,
        "too_slow",
        "Page 4 and all behind it were not read: the file took too long to read.",
        "Split it there and upload the rest.",
    )


async def test_a_child_that_comes_to_its_end_makes_good_for_a_death(tmp_path):
    pages = [show("a"), SHOW_NESTED, show("c"), show("d"), SHOW_NESTED, show("f")]
    path = write(tmp_path, make_pdf(pages, objects=BURNING, resources=NESTED))
    items = await items_of(path, PDF, limits=replace(TIGHT, pages_per_child=2))
    assert codes(items) == ["", "too_slow", "", "", "too_slow", ""]


async def test_a_file_whose_children_were_waited_for_too_long_is_read_in_part(tmp_path):
    path = write(tmp_path, make_pdf([show(f"page {n}") for n in range(1, 6)]))
    items = await items_of(path, PDF, limits=Limits(pages_per_child=2, file_wall_s=1e-9))
    assert (texts(items), codes(items)) == (["page 1\n", "page 2\n"], ["", "", "too_slow"])
    assert items[-1][:2] == (2, 3)


async def test_a_page_that_needs_too_much_memory_is_skipped(tmp_path):
    forms = nested(show("a"), depth=6)
    pages = [show("a"), SHOW_NESTED, show("c")]
    path = write(tmp_path, make_pdf(pages, objects=forms, resources=NESTED))
    items = await items_of(path, PDF, limits=Limits(memory_bytes=160 * 2**20))
    assert codes(items) == ["", "too_large", ""]


@pytest.mark.skipif(sys.platform != "linux", reason="sizes of processes: Linux")
async def test_beside_others_such_a_page_ends_the_reading_which_goes_on_alone(tmp_path):
    forms = nested(show("a"), depth=6)
    pages = [show("a"), SHOW_NESTED, show("c")]
    path, items = write(tmp_path, make_pdf(pages, objects=forms, resources=NESTED)), list[Item]()

    async def read() -> None:
        async for item in extract(path, PDF, limits=LIMITS, beside=Readers(80 * 2**20)):
            items.append(item)

    with pytest.raises(NeedsMemory):
        await read()
    assert items == [Segment(0, 1, None, "a\n", 3)]
    rest = await items_of(path, PDF, limits=Limits(memory_bytes=160 * 2**20), first=1)
    assert codes(rest) == ["too_large", ""]


async def test_a_file_that_needs_too_much_memory_is_refused(tmp_path):
    """libxml2 alone would end such a page early and say nothing: 16 of its 19 M characters."""
    path = write(tmp_path, b"<html>" + b"x" * 19_000_000)
    assert await refusal(path, HTML, limits=Limits(memory_bytes=64 * 2**20)) == "too_large"


async def test_without_pages_a_slow_file_is_not_tried_again(tmp_path):
    path = write(tmp_path, b"text")
    assert await refusal(path, TEXT, limits=Limits(wall_s=0.001)) == "too_slow"


async def test_a_crash_without_pages_is_tried_once_more(tmp_path):
    """The second child goes on at the first segment that did not come."""
    path = write(tmp_path, b"line of text\n" * 40_000)
    before, items = set(psutil.Process().children()), list[Item]()
    async for item in extract(path, TEXT, limits=LIMITS):
        if not items:
            (child,) = set(psutil.Process().children()) - before
            child.kill()
        items.append(item)
    assert [item.ordinal for item in items if not isinstance(item, Properties)] == list(
        range(len(items))
    )
    assert "".join(texts(items)) == path.read_text()


async def test_a_member_whose_child_died_is_named_and_the_next_ones_come_out(tmp_path):
    """Its first piece is gone to the caller, who must not take the second child's for its rest."""
    noise = bytes(n * 7919 % 251 for n in range(2**16)) * 500
    content = make_zip({"noise.bin": noise, "tides.txt": "At dawn."}, method=ZIP_STORED)
    before, items = set(psutil.Process().children()), list[Item]()
    async for item in extract(write(tmp_path, content), ZIP, limits=LIMITS):
        if isinstance(item, Member) and not any(isinstance(each, Member) for each in items):
            (child,) = set(psutil.Process().children()) - before
            child.kill()
        items.append(item)
    assert items[0] == Segment(0, None, None, "- noise.bin\n- tides.txt\n")
    assert not any(isinstance(item, Member) and item.is_last for item in items[:-1])
    assert items[-2:] == [
        Problem(
            1,
            None,
            "reader_crashed",
            "The file noise.bin in it made the reader crash.",
            "Print it to a new file and upload that.",
        ),
        Member(2, "tides.txt", b"At dawn.", True),
    ]


@pytest.mark.parametrize(
    ("name", "content", "media_type", "problems"),
    [
        ("a bomb of zeros", make_zip({"zeros": bytes(50_000_000)}), ZIP, ["archive_too_large"]),
        ("a packed bomb", gzip.compress(bytes(50_000_000)), GZIP, ["archive_too_large"]),
        ("a bomb in a bomb", gzip.compress(gzip.compress(bytes(50_000_000))), GZIP, []),
        ("a mail in a mail, 2,000 deep", b"Content-Type: message/rfc822\n\n" * 2_000, MAIL, []),
        (
            "parts in parts, 2,000 deep",
            b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(2_000)),
            MAIL,
            [],
        ),
        ("a header of a megabyte", b"From: a\nSubject: " + b"=?utf-8?q?x?= " * 80_000 + b"\n\nb", MAIL, []),
        ("nothing but delimiters", b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 200_000, MAIL, ["too_many_files"]),
        ("NULs", b"From: a\0b\nSubject: \0\n\n" + b"\0" * 100_000, MAIL, []),
        ("a mailbox of envelopes", b"From a Mon Jan  1 10:00:00 2024\n\n" * 50_000, MBOX, []),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
async def test_files_that_hold_files_stay_within_bounds(
    tmp_path, name, content, media_type, problems
):
    items = await items_of(write(tmp_path, content), media_type)
    assert [code for code in codes(items) if code] == problems, name
    assert sum(len(item.data) for item in items if isinstance(item, Member)) < 10_000_000


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="tesseract is not installed")
async def test_a_page_that_is_a_picture_is_read_among_the_others(tmp_path):
    image = Image.new("L", (900, 180), 255)
    font = ImageFont.load_default(40)
    ImageDraw.Draw(image).text((60, 60), "The harbour opens", fill=0, font=font)
    pixels = zlib.compress(image.tobytes())
    scan = (
        b"<</Type/XObject/Subtype/Image/Width 900/Height 180/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(pixels), pixels)
    )
    pages = [show("a"), b"600 0 0 120 0 400 cm /X Do", show("c")]
    path = write(tmp_path, make_pdf(pages, objects=(scan,), resources=NESTED))
    assert await items_of(path, PDF) == [
        Segment(0, 1, None, "a\n", 3),
        Segment(1, 2, None, "The harbour opens\n", 3),
        Segment(2, 3, None, "c\n", 3),
    ]


async def test_without_ocr_the_first_picture_is_a_problem_and_the_text_is_read(tmp_path):
    square = b"0 0 600 800 re f"
    path = write(tmp_path, make_pdf([show("a"), square, square]))
    items = await items_of(path, PDF, limits=Limits(ocr_pages=0))
    assert codes(items) == ["", "too_many_pictures", ""]
    assert texts(items) == ["a\n", ""]
