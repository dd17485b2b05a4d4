import pytest

from ingest.extract.mail.mime import DEEPEST, MOST_PARTS, parse, read_headers


def outline(data: bytes):
    """The kinds and bodies of a mail's parts, nested."""

    def of(part):
        return (
            (part.content_type.kind, [of(each) for each in part.parts])
            if part.parts
            else (
                part.content_type.kind,
                data[part.start : part.end],
            )
        )

    return of(parse(data))


MIXED = b'Content-Type: multipart/mixed; boundary="b b"\n\npreamble\n'


def test_a_mail_without_structure_is_its_text():
    assert outline(b"Subject: x\r\n\r\nbody\r\n") == ("text/plain", b"body\r\n")
    assert outline(b"") == ("text/plain", b"")
    assert outline(b"no header\nat all") == ("text/plain", b"no header\nat all")


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--b b\n\none\n--b b\nContent-Type: text/html\n\ntwo\n--b b--\nepilogue", [("text/plain", b"one"), ("text/html", b"two")]),
        (b"--b b \r\n\r\none\r\n--b b--", [("text/plain", b"one")]),
        (b"--b b\n\none\n--b b\n\ncut off", [("text/plain", b"one"), ("text/plain", b"cut off")]),
        (b"--b b\n\nnot --b b here\n--b bc\n--b b--\n", [("text/plain", b"not --b b here\n--b bc")]),
        (b"--b b\nThis is a test\n--b b--", [("text/plain", b"This is a test")]),
        (b"--b b\n--b b--", [("text/plain", b"")]),
    ],
)  # fmt: skip
def test_parts_lie_between_their_delimiters(body, parts):
    assert outline(MIXED + body) == ("multipart/mixed", parts)


def test_a_multipart_without_its_delimiter_is_one_part():
    assert outline(MIXED) == ("multipart/mixed", b"preamble\n")


def test_parts_of_a_digest_are_mails():
    data = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: x\n\nhi\n--b--"
    assert outline(data) == ("multipart/digest", [("message/rfc822", b"From: x\n\nhi")])


@pytest.mark.parametrize(
    ("data", "headers", "body"),
    [
        (b"From x Mon Jan 1\nTo: a\n\nb", {"to": "a"}, b"b"),
        (b"\n\nTo: a\n\nb", {"to": "a"}, b"b"),
        (b"To: a,\n\tb\r\n c\nTO: second\n\nb", {"to": "a, b c"}, b"b"),
        (b"To : a\nX\n\nb", {"to": "a"}, b"X\n\nb"),
        (b"A: \0\xff\n\nb", {"a": "\0ÿ"}, b"b"),
        (b"Subject: only", {"subject": "only"}, b""),
    ],
)
def test_headers_end_with_an_empty_line_or_with_what_is_none(data, headers, body):
    found, at = read_headers(data, 0, len(data))
    assert (found, data[at:]) == (headers, body)


def test_a_header_of_a_megabyte_is_cut_and_ten_thousand_are_bounded():
    found, _ = read_headers(b"Subject: " + b"x" * 2**20 + b"\n\nb", 0, 2**20 + 12)
    assert found == {"subject": "x" * 20_000}
    many = b"".join(b"X-%d: y\n" % n for n in range(10_000)) + b"\nb"
    assert len(read_headers(many, 0, len(many))[0]) == 1_000


def test_nesting_and_parts_are_bounded():
    data = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(100)
    )
    assert len(list(parse(data).all())) == DEEPEST + 1
    parts = b"--b b\n\nx\n" * (MOST_PARTS + 50)
    assert len(parse(MIXED + parts).parts) == MOST_PARTS - 1
