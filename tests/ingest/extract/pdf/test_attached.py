import pytest

from ingest.extract.pdf import attached
from ingest.extract.segment import MEMBER_PIECE, Item, Member, Problem, Properties, Segment
from tests.ingest.extract.pdf.test_document import opened
from tests.ingest.make_files import make_pdf, show


def pdf_with(*files: tuple[bytes, bytes]) -> bytes:
    """A page and files attached to the whole, each by its name and bytes; objects from 4 on."""
    objects, names = list[bytes](), b""
    for name, data in files:
        objects.append(
            b"<</Type/Filespec/F(%s)/UF(%s)/EF<</F %d 0 R>>>>" % (name, name, 5 + len(objects))
        )
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(data), data))
        names += b"(%d) %d 0 R" % (len(objects), 2 + len(objects))
    catalog = b"/Names<</EmbeddedFiles<</Names[%s]>>>>" % names
    return make_pdf([show("a")], objects=tuple(objects), catalog=catalog)


def items_of(content: bytes, *, first: int = 0) -> list[Item]:
    with opened(content) as document:
        found = attached.Attached(next_ordinal=1, first=first)
        return list(found.items(document.attachments()))


FILES = (b"plan.csv", b"a,b"), (b"empty", b""), (b"plan.csv", b"c"), (b"..", b"d")
ALL = [
    Member(1, "plan.csv", b"a,b", True),
    Segment(2, None, None, ""),
    Member(3, "plan (2).csv", b"c", True),
    Member(4, "attached file", b"d", True),
]


@pytest.mark.parametrize("first", range(6))
def test_each_file_has_an_ordinal_behind_the_pages_and_a_name_of_its_own(first):
    found = items_of(pdf_with(*FILES), first=first)
    assert found == [item for item in ALL if item.ordinal >= first]


def test_a_name_with_folders_becomes_one_name():
    (found,) = items_of(pdf_with((b"<3>a/b.txt", b"d")))
    assert found == Member(1, "a b.txt", b"d", True)


def test_a_long_one_comes_in_pieces():
    data = b"x" * MEMBER_PIECE + b"y"
    assert items_of(pdf_with((b"long", data))) == [
        Member(1, "long", b"x" * MEMBER_PIECE, False),
        Member(1, "long", b"y", True),
    ]


def test_one_over_a_bound_is_left_in_the_file_and_named(monkeypatch):
    monkeypatch.setattr(attached, "MOST_TOTAL_BYTES", 5)
    found = items_of(pdf_with((b"a", b"123"), (b"b", b"456"), (b"c", b"78")))
    assert [item.ordinal for item in found if not isinstance(item, Properties)] == [1, 2, 3]
    assert found[1] == Problem(
        2,
        None,
        "attachment_too_large",
        "The attached file b was not taken out, because it is too large.",
        "Save it from the PDF and upload it.",
    )


def test_one_without_bytes_to_find_is_a_problem():
    content = make_pdf(
        [show("a")],
        objects=(b"<</Type/Filespec/UF(lost.txt)>>",),
        catalog=b"/Names<</EmbeddedFiles<</Names[(1) 4 0 R]>>>>",
    )
    (found,) = items_of(content)
    assert isinstance(found, Problem)
    assert (found.code, found.message) == (
        "broken_attachment",
        "The attached file lost.txt is damaged.",
    )
