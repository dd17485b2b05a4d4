import io
from pathlib import Path

import pytest

from ingest.extract.office.odt import read
from ingest.extract.segment import Properties, Unreadable
from tests.ingest.make_files import make_zip, texts
from tests.ingest.make_office import make_odf

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content):
    return list(read(io.BytesIO(content), first=0, most_characters=10**6))


def test_a_real_document():
    properties, *segments = items_of((DATA / "fake.odt").read_bytes())
    assert properties == Properties(
        created="2023-05-04T17:47:22Z", modified="2023-09-13T14:02:34.367419807"
    )
    assert "".join(texts(segments)) == (
        "Lorem ipsum dolor sit amet.\n\nHeader row | Mon | Wed | Fri\nColor | Blue | Red | Green\n"
        "Time | 1pm | 2pm | 3pm\nLeader | Sarah | Mark | Ryan\n"
    )


def test_headers_and_footers_follow_and_nothing_else_of_the_styles():
    styles = (
        "<x><text:p>gone</text:p><style:header><text:p>head</text:p></style:header>"
        "<style:footer><text:p>foot</text:p></style:footer></x>"
    )
    content = make_odf("<text:p>a</text:p>", members={"styles.xml": styles})
    assert texts(items_of(content)) == ["a\n\nhead\n\nfoot\n"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (make_odf("", members={"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "encrypted"),
        (make_odf("<text:p>"), "broken_file"),
        (make_zip({"content.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}), "broken_file"),
        (make_odf("")[:-40], "broken_file"),
    ],
)
def test_encrypted_and_damaged_documents_are_refused(content, code):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == code
