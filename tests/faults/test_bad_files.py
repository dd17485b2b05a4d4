"""Issue 3 §5: hostile and broken files end with a reason a person understands, and hold nobody else up."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.faults.journal import open_journal
from tests.faults.product import signed_up
from tests.ingest.make_files import (
    NESTED,
    SHOW_NESTED,
    W,
    make_docx,
    make_pdf,
    make_zip,
    nested,
    paragraph,
    show,
)

pytestmark = pytest.mark.timeout(600)
FOLDER = Path(__file__).parents[1] / "data" / "files"
WORDS = b"The harbour opens at dawn, and boats wait for the tide outside of it.\n"


def zip_bomb() -> bytes:
    """A Word file of 200 kB whose text would unpack to 200 MB."""
    return make_docx(paragraph("a" * 200_000_000))


def zip_of_many_members() -> bytes:
    return make_zip({"word/document.xml": "", **{f"word/{n}.xml": "" for n in range(20_000)}})


def with_document(xml: str) -> bytes:
    """A Word file whose main part is this, whatever it is."""
    made = zipfile.ZipFile(io.BytesIO(make_docx("")))
    members = {name: made.read(name).decode() for name in made.namelist()}
    return make_zip({**members, "word/document.xml": xml})


def xml_bomb() -> bytes:
    """Billion laughs."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f"<w:document {W}><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>"
    return with_document(f'<!DOCTYPE d [<!ENTITY l0 "lol">{entities}]>{text}')


def xml_that_reads_a_file() -> bytes:
    text = f"<w:document {W}><w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"
    return with_document(f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>{text}')


def deep_xml() -> bytes:
    return make_docx("<w:p>" * 100_000 + "</w:p>" * 100_000)


def zip_with_a_way_out() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../../tmp/out.txt", "x")
        archive.writestr("word/document.xml", "<x/>")
    return out.getvalue()


def slow_pdf():
    """200 MB of drawing in 10 kB: two seconds of a reader."""
    page = SHOW_NESTED + b" " + show("Slow words.")
    return make_pdf([page], objects=nested(b"q Q " * 2**19, depth=2), resources=NESTED)


def pdf_whose_pages_are_each_other() -> bytes:
    return make_pdf([show("a")], objects=()).replace(b"/Kids[", b"/Kids[2 0 R ")


UNREAD = ("no_text", "unsupported_type")
BROKEN = ("failed", "broken_file")
BOMB = ("failed", "archive_too_large")
READY = ("ready", "")
# name -> its bytes, and the state and reason with which it must end
FILES: dict[str, tuple[bytes, tuple[str, str]]] = {
    "empty.txt": (b"", ("failed", "empty_file")),
    "one.txt": (b"a", READY),
    "one.pdf": (b"%", READY),  # a text of one character, whatever its name says
    "blank.txt": (b" \n\t\n" * 1000, ("no_text", "no_text")),
    "newlines.txt": (b"\n" * 1_000_000, ("no_text", "no_text")),
    "text.pdf": (WORDS * 20, READY),
    "picture.docx": (b"\x89PNG\r\n\x1a\n" + b"\0" * 1000, BROKEN),
    "program.txt": (b"\x7fELF" + bytes(range(256)) * 40, UNREAD),
    "zip.docx": (make_zip({"a.txt": "a"}), READY),  # an archive of one file, whatever its name says
    "broken.pdf": ((FOLDER / "bad2.pdf").read_bytes(), READY),
    "cut.pdf": ((FOLDER / "minimal-document.pdf").read_bytes()[:6000], BROKEN),
    "head.pdf": (b"%PDF-1.7\n", BROKEN),
    "locked.pdf": ((FOLDER / "password.pdf").read_bytes(), ("failed", "password_needed")),
    "loop.pdf": (pdf_whose_pages_are_each_other(), READY),
    "slow.pdf": (slow_pdf(), READY),
    "bomb.docx": (zip_bomb(), BOMB),
    "members.docx": (zip_of_many_members(), ("failed", "too_many_files")),
    "laughs.docx": (xml_bomb(), BROKEN),
    "reader.docx": (xml_that_reads_a_file(), BROKEN),
    "deep.docx": (deep_xml(), BOMB),
    "out.docx": (zip_with_a_way_out(), BROKEN),
    "cut.docx": (make_docx(paragraph("a") * 1000)[:-100], BROKEN),
    "page.html": (b"<script>alert(1)</script><p>Words</p>" + b"<div>" * 50_000, READY),
    "surrogates.txt": (b"words \xed\xa0\x80 and more words\n" * 50, READY),
    "utf16.txt": (("The harbour opens at dawn. " * 50).encode("utf-16"), READY),
    "line.txt": (b"word" * 50_000, READY),
    "fifty.txt": (WORDS * (50_000_000 // len(WORDS)), ("failed", "too_much_text")),
}
BESIDE = {"good.txt": READY, "a.txt": READY}  # the second comes out of zip.docx


async def test_every_file_ends_with_a_reason_for_a_person(product):
    async with signed_up(product, "ada") as client:
        journal = await open_journal(client)
        for name, (data, _) in FILES.items():
            await journal.upload(name, data)
        await journal.upload("good.txt", WORDS * 10)
        files = await journal.wait_until_at_rest(within_s=300)
        ended = {name: (f["state"], f["reason"]["code"] if f["reason"] else "") for name, f in files.items()}  # fmt: skip
        assert ended == {name: wanted for name, (_, wanted) in FILES.items()} | BESIDE
        for file in files.values():
            if file["reason"]:
                assert file["reason"]["message"].endswith(".")
                assert file["reason"]["remedy"].endswith(".")
        assert await search(client, "root") == []
        assert len(await search(client, "harbour opens at dawn")) == 3  # good, text.pdf, utf16
        assert "failed to serve" not in product.log()
        doctor = product.run("doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr


async def search(client: httpx.AsyncClient, q: str) -> list[str]:
    asked = {"q": f'"{q}"', "mode": "lexical", "group_by": "file"}
    found = (await client.get("/search", params=asked)).raise_for_status().json()
    return [hit["title"] for hit in found["hits"]]
