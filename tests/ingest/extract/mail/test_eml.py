"""Mails as text and attachments; the limits that hold for any file are tested in test_sandbox.py."""

import base64
import io
from pathlib import Path

import pytest

from ingest.extract.mail.eml import head_text, read
from ingest.extract.mail.tnef import ATTACHMENT, STRING, STRING8, TITLE
from ingest.extract.mail.tnef import DATA as CONTENT
from ingest.extract.segment import Member, Problem, Properties, Segment
from tests.ingest.extract.mail.test_cms import der, signed
from tests.ingest.extract.mail.test_tnef import make_tnef, mapi

DATA = Path(__file__).parents[3] / "data" / "files"
HEAD = "From: a@example.org\nSubject: Tides\nMIME-Version: 1.0\n"
SHOWN = "# Tides\n\nFrom: a@example.org\n"


def items_of(content: bytes | str, *, first: int = 0):
    data = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(data), first=first, most_characters=10**6))


def text_of(content: bytes | str) -> str:
    return "".join(item.text for item in items_of(content) if isinstance(item, Segment))


def members_of(content: bytes | str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in items_of(content):
        if isinstance(item, Member):
            found[item.path] = found.get(item.path, b"") + item.data
    return found


def mixed(*parts: str, kind: str = "mixed") -> str:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"{HEAD}Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n"


def part(body: str, *headers: str) -> str:
    return "\n".join([*headers, "", body])


PLAIN = part("plain", "Content-Type: text/plain")
PAGE = part("<h2>Page</h2><p>of <b>words</b></p>", "Content-Type: text/html")
LONG_PAGE = part("<p>" + "<b>word</b> " * 30, "Content-Type: text/html")
FILE = part("bytes", 'Content-Disposition: attachment; filename="a/b.bin"')


PACKED = make_tnef(
    message=mapi((0x1000, STRING, "Low water.".encode("utf-16-le"))),
    attached=[
        {
            TITLE: b"PLAN~1.CSV\0",
            CONTENT: b"a,b",
            ATTACHMENT: mapi((0x3707, STRING8, b"plan of tides.csv\0")),
        },
        {TITLE: b"C:\\x\\b.txt\0", CONTENT: b"second"},
    ],
)
WINMAIL = part(
    base64.b64encode(PACKED).decode(),
    "Content-Type: application/ms-tnef; name=winmail.dat",
    "Content-Transfer-Encoding: base64",
)


def test_a_winmail_dat_is_the_files_in_it_and_its_text_where_the_mail_has_none():
    files = {"plan of tides.csv": b"a,b", "b.txt": b"second"}
    names = "Attachments: plan of tides.csv, b.txt\n"
    assert members_of(mixed(PLAIN, WINMAIL)) == files
    assert text_of(mixed(PLAIN, WINMAIL)) == f"{SHOWN}{names}\nplain\n"
    assert text_of(mixed(WINMAIL)) == f"{SHOWN}{names}\nLow water.\n"


def test_what_is_called_so_and_is_none_stays_as_it_is():
    odd = part("x", "Content-Type: application/ms-tnef; name=winmail.dat")
    assert members_of(mixed(PLAIN, odd)) == {"winmail.dat": b"x"}


def test_a_real_mail_is_its_heads_its_text_and_its_attachment():
    content = (DATA / "fake-email-attachment.eml").read_bytes()
    items = items_of(content)
    assert items[0] == Properties(
        "Fake email with attachment",
        "Mallori Harrell <mallori@unstructured.io>",
        "2022-12-23T12:08:48-06:00",
    )
    assert items[1] == Segment(0, None, None, (
        "# Fake email with attachment\n\n"
        "From: Mallori Harrell <mallori@unstructured.io>\n"
        "To: Mallori Harrell <mallori@unstructured.io>\n"
        "Date: Fri, 23 Dec 2022 12:08:48 -0600\n"
        "Message-ID: <CAPgNNXSzLVJ-d1OCX_TjFgJU7ugtQrjFybPtAMmmYZzphxNFYg@mail.gmail.com>\n"
        "Attachments: fake-attachment.txt\n\n"
        "Hello!\n\nHere's the attachments!\n\nIt includes:\n\n"
        "   - Lots of whitespace\n   - Little to no content\n   - and is a quick read\n\n"
        "Best,\n\nMallori\n"
    ))  # fmt: skip
    assert items[2] == Member(1, "fake-attachment.txt", b"Hey this is a fake attachment!", True)
    assert items_of(content, first=1)[1:] == items[2:]


def test_html_is_read_where_there_is_no_plain_text():
    text = text_of((DATA / "mime-html-only.eml").read_bytes())
    assert text.startswith("# Example HTML Only MIME Email\n\nFrom: sender@example.com\n")
    assert "The first emoticon, :) , was proposed by Scott Fahlman in 1982" in text
    assert text_of(mixed(PAGE)) == f"{SHOWN}\n## Page\n\nof words\n"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([part("plain and simple", "Content-Type: text/plain"), PAGE], "plain and simple\n"),
        ([part(" \n ", "Content-Type: text/plain"), PAGE], "## Page\n\nof words\n"),
        ([part("BEGIN", "Content-Type: text/calendar"), PAGE], "## Page\n\nof words\n"),
        ([part("See HTML.", "Content-Type: text/plain"), LONG_PAGE], "word " * 29 + "word\n"),
        ([part("As long. " * 12, "Content-Type: text/plain"), LONG_PAGE], "As long. " * 12 + "\n"),
    ],
)
def test_one_of_alternatives_is_read(parts, text):
    assert text_of(mixed(*parts, kind="alternative")).split("\n\n", 2)[2] == text


def test_an_attachment_has_its_own_name_or_a_made_one():
    content = mixed(
        PLAIN,
        FILE,
        FILE,
        part("%PDF", "Content-Type: application/pdf"),
        part("From: x\nSubject: Re: up/down\n\nhi", "Content-Type: message/rfc822"),
        part("note", 'Content-Type: text/plain; name="note.txt"'),
    )
    assert members_of(content) == {
        "b.bin": b"bytes",
        "b (2).bin": b"bytes",
        "attachment 3.pdf": b"%PDF",
        "Re: up down.eml": b"From: x\nSubject: Re: up/down\n\nhi",
        "note.txt": b"note",
    }


def test_a_picture_that_the_page_shows_is_no_attachment_and_another_is():
    image = ["Content-Type: image/png", "Content-Transfer-Encoding: base64"]
    page = part('<img src="cid:logo@x">', "Content-Type: text/html")
    content = mixed(
        page, part("AAAA", *image, "Content-ID: <logo@x>"), part("BBBB", *image, "Content-ID: <y>")
    )
    assert members_of(content) == {"attachment 1.png": base64.b64decode("BBBB")}


@pytest.mark.parametrize(
    ("encoding", "packed", "data"),
    [
        ("base64", base64.encodebytes(bytes(range(256)) * 9000).decode(), bytes(range(256)) * 9000),
        ("BASE64", "VGlk\n> ZXM", b"Tides"),
        ("quoted-printable", "caf=C3=A9=\n!", b"caf\xc3\xa9!"),
        ("x-uuencode", "begin 644 a\n%5&ED97,\n`\nend", b"Tides"),
        ("8bit", "as it is", b"as it is"),
        ("odd", "as it is", b"as it is"),
    ],
)
def test_an_attachment_is_unpacked(encoding, packed, data):
    how = f"Content-Transfer-Encoding: {encoding}"
    assert members_of(mixed(PLAIN, part(packed, how, "Content-Disposition: attachment"))) == {
        "attachment 1.txt": data
    }


def test_lines_that_a_program_broke_are_joined():
    body = "One paragraph \nthat flows.\n> quoted \n> too\n-- \nAda\n indented"
    flowed = part(body, "Content-Type: text/plain; format=flowed")
    joined = "One paragraph that flows.\n> quoted too\n-- \nAda\nindented\n"
    assert text_of(mixed(flowed)) == f"{SHOWN}\n{joined}"
    chinese = part("one \ntwo", "Content-Type: text/plain; format=flowed; delsp=yes")
    assert text_of(mixed(chinese)) == f"{SHOWN}\nonetwo\n"


def test_what_is_signed_is_read_and_the_signature_is_no_attachment():
    signature = part("xxx", "Content-Type: application/pkcs7-signature; name=smime.p7s")
    assert items_of(mixed(PLAIN, signature, kind="signed"))[1:] == [
        Segment(0, None, None, f"{SHOWN}\nplain\n")
    ]
    inner = b"Content-Type: text/plain\n\nsigned as a whole"
    packed = base64.encodebytes(signed(der, der(0x04, inner))).decode()
    opaque = "Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\n\n"
    assert text_of(HEAD + opaque + packed) == f"{SHOWN}\nsigned as a whole\n"


@pytest.mark.parametrize(
    "content",
    [
        mixed("\nVersion: 1", "\n-----BEGIN PGP MESSAGE-----", kind="encrypted"),
        HEAD + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nxxx",
    ],
)
def test_what_is_encrypted_is_named(content):
    assert items_of(content)[1:] == [
        Segment(0, None, None, SHOWN),
        Problem(
            1,
            None,
            "encrypted",
            "The mail's text is encrypted.",
            "Decrypt it in its own program, save it and upload that.",
        ),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_mail_that_was_saved_as_another_encoding_is_read(encoding):
    assert text_of(f"{HEAD}\nGrüße\n".encode(encoding)) == f"{SHOWN}\nGrüße\n"


def test_a_multipart_with_wrong_delimiters_is_read_as_it_is():
    content = f"{HEAD}Content-Type: multipart/mixed; boundary=other\n\n--b\n\nlost words\n--b--\n"
    assert "lost words" in text_of(content)


def test_nuls_and_bare_returns_are_cleaned():
    assert text_of(HEAD.encode() + b"\na\0b\rc\r\n") == f"{SHOWN}\nab\nc\n"


def test_a_mail_of_ten_thousand_parts_is_bounded():
    files = [part(str(n), "Content-Disposition: attachment") for n in range(10_100)]
    content = mixed(PLAIN, *files)
    assert 9_990 < len(members_of(content)) <= 10_000
    assert items_of(content)[-1][2] == "too_many_files"


def test_a_mail_names_some_of_many_attachments():
    text = head_text({"subject": "x"}, [f"{n}.txt" for n in range(33)])
    assert text.endswith("28.txt, 29.txt and 3 more\n")
