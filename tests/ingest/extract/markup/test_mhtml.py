import io

import pytest

from ingest.extract.markup.mhtml import read
from ingest.extract.segment import Properties, Segment

HEAD = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: Noted =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Thu, 2 Jan 2020 03:04:05 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"b\"\r\n\r\n"
)  # fmt: skip
PAGE = "--b\r\nContent-Type: text/html{charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
PICTURE = "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"


def items_of(text):
    return list(read(io.BytesIO(text.encode()), first=0, most_characters=10**6))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGE.format(charset="", encoding="quoted-printable", body="<p>Gr=C3=BC=C3=9Fe und=\r\n mehr</p>"), "Grüße und mehr\n"),
        (PAGE.format(charset="; charset=windows-1251", encoding="quoted-printable", body="<p>=CF=F0=E8=E2=E5=F2"), "Привет\n"),
        (PAGE.format(charset="", encoding="base64", body="PHA+YSA8Yj5iPC9iPg=="), "a b\n"),
        (PAGE.format(charset="", encoding="8bit", body="<p>plain"), "plain\n"),
    ],
)  # fmt: skip
def test_the_page_is_read_in_any_transfer_encoding(page, expected):
    assert items_of(HEAD + page + PICTURE) == [
        Properties("Noted Grüße", created="2020-01-02T03:04:05+01:00"),
        Segment(0, None, None, expected),
    ]


def test_the_title_of_the_page_itself_counts_more():
    page = PAGE.format(charset="", encoding="7bit", body="<title>Own</title><p>x")
    assert items_of(HEAD + page)[0] == Properties("Own", created="2020-01-02T03:04:05+01:00")


@pytest.mark.parametrize(
    "text", ["no mail at all\n", HEAD.replace("\r", "") + PICTURE.replace("\r", "")]
)
def test_what_holds_no_page_is_read_as_text(text):
    assert items_of(text) == [Segment(0, None, None, text)]
