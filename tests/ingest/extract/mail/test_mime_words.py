import pytest

from ingest.extract.mail.mime_words import (
    Valued,
    code_page,
    decoded,
    decoded_header,
    from_base64,
    iso_date,
    parameters,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"Simple email with =?utf-8?B?4pi44pi/?= Unicode subject", "Simple email with ☸☿ Unicode subject"),
        (b"=?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?Q?_aus_K=C3=B6ln?=", "Grüße aus Köln"),
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?no-such?q?caf=E9?=", "café"),
        (b"=?utf-8?b?broken=", "=?utf-8?b?broken="),
        (b" a \t b ", "a b"),
    ],
)  # fmt: skip
def test_a_header_is_decoded_whatever_its_words_are_in(value, text):
    assert decoded_header(value) == text


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Köln".encode(), "iso-8859-1", "Köln"),
        (b"caf\xe9", "us-ascii", "café"),
        (b"caf\xe9", "utf-8", "café"),
        ("Grüße aus K".encode() + b"\xf6ln", "utf-8", "Grüße aus K\ufffdln"),
        ("こんにちは".encode("iso-2022-jp"), "ISO-2022-JP", "こんにちは"),
        ("привет".encode("koi8-r"), "koi8-r", "привет"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        (b"plain", "base64", "plain"),
        (b"caf\xe9", "base64", "café"),
        (b"", "", ""),
    ],
)
def test_text_is_decoded_as_it_is_not_as_it_is_said_to_be(data, charset, text):
    assert decoded(data, charset) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", Valued("", {})),
        ('Text/Plain; Charset="utf-8" ; x=y', Valued("text/plain", {"charset": "utf-8", "x": "y"})),
        ('attachment; filename="a \\"b\\".txt"', Valued("attachment", {"filename": 'a "b".txt'})),
        ("attachment; filename*=utf-8''%e2%82%ac%20rates", Valued("attachment", {"filename": "€ rates"})),
        ("attachment; filename*0=long; filename*1=name.txt", Valued("attachment", {"filename": "longname.txt"})),
        ("attachment; filename*0*=utf-8''%c3%a4; filename*1*=%c3%b6.txt", Valued("attachment", {"filename": "äö.txt"})),
        ("attachment; filename==?utf-8?q?caf=C3=A9=2Etxt?=", Valued("attachment", {"filename": "café.txt"})),
        ("attachment; filename=odd=file=name.txt", Valued("attachment", {"filename": "odd=file=name.txt"})),
        ('text/plain; charset = "UTF-8"Content-Transfer-Encoding: 8bit', Valued("text/plain", {"charset": "UTF-8"})),
        ('multipart/mixed; boundary="open', Valued("multipart/mixed", {"boundary": "open"})),
    ],
)  # fmt: skip
def test_a_value_comes_apart_into_its_parameters(value, expected):
    assert parameters(value) == expected


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Fri, 16 Dec 2022 17:04:16 -0500", "2022-12-16T17:04:16-05:00"),
        ("1 Jan 99 7:05 GMT (comment)", "1999-01-01T07:05:00Z"),
        ("Mon, 5 February 2024", "2024-02-05"),
        ("2012-07-10T16:08:25Z", "2012-07-10T16:08:25Z"),
        ("45 Dec 2022 17:04:16 -0500", ""),
        ("1 Foo 2022", ""),
        ("2 Mar 2022 99:00", "2022-03-02"),
        ("yesterday", ""),
    ],
)
def test_dates_are_told_in_iso_8601(text, iso):
    assert iso_date(text) == iso


def test_base64_is_decoded_as_far_as_it_goes():
    assert from_base64(b"VGlk\r\nZXM=!!") == b"Tides"
    assert from_base64(b"VGlkZ") == b"Tid"


@pytest.mark.parametrize(("number", "name"), [(0, ""), (1251, "cp1251"), (65001, "utf-8")])
def test_a_code_page_has_the_name_of_an_encoding(number, name):
    assert code_page(number) == name
