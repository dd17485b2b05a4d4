import io
from pathlib import Path

import pytest

from ingest.extract.office.odp import read
from ingest.extract.segment import Properties, Segment, Unreadable
from tests.ingest.make_files import texts
from tests.ingest.make_office import make_odf

DATA = Path(__file__).parents[3] / "data" / "files"


def items_of(content, *, first=0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def frame(kind, text):
    return f'<draw:frame presentation:class="{kind}"><text:p>{text}</text:p></draw:frame>'


def test_a_page_for_each_slide():
    notes = f"<presentation:notes>{frame('notes', 'say it')}</presentation:notes>"
    content = make_odf(
        f"<draw:page>{frame('title', 'T')}{frame('', 'a')}{notes}</draw:page>"
        f"<draw:page>{frame('', 'b')}</draw:page><draw:page/>"
    )
    assert items_of(content) == [
        Properties(),
        Segment(0, 1, None, "# T\n\na\n\n## Notes\n\nsay it\n"),
        Segment(1, 2, None, "# Slide 2\n\nb\n"),
        Segment(2, 3, None, ""),
    ]
    assert items_of(content, first=2) == [Properties(), Segment(2, 3, None, "")]


def test_a_real_presentation():
    _, second, _ = texts(items_of((DATA / "odf_presentation_01.odp").read_bytes()))
    assert second == (
        "# Second slide title\n\n- Let\u2019s introduce a list\n- With foo\n- Bar\n- And baz things\n\n"
        "A rectangle shape with this text inside.\n\n## Notes\n\nSome notes on the second slide.\n"
    )


def test_a_damaged_presentation_is_refused():
    with pytest.raises(Unreadable) as caught:
        items_of(make_odf("<draw:page>"))
    assert caught.value.code == "broken_file"
