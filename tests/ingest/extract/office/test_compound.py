import io
from contextlib import suppress
from pathlib import Path

import pytest

from ingest.extract.office.compound import Compound
from ingest.extract.segment import Unreadable
from tests.ingest.make_office import make_compound

DATA = Path(__file__).parents[3] / "data" / "files"
STREAMS = {
    "Small": b"a few bytes",
    "Large": bytes(range(256)) * 40,
    "Also small": b"x" * 4095,
    "": b"",
}


def opened(content):
    return Compound(io.BytesIO(content))


def test_long_and_short_streams():
    file = opened(make_compound(STREAMS))
    found = {name: file.read(name, most_bytes=20_000) for name in file.streams}
    assert found == STREAMS
    assert file.read("absent", most_bytes=1) == b""
    assert file.read("SMALL", most_bytes=99) == b"a few bytes"


def test_a_real_file():
    with (DATA / "date_1904.xls").open("rb") as source:
        file = Compound(source)
        assert sorted(file.streams) == [
            *("\x01CompObj", "\x01Ole", "\x05DocumentSummaryInformation"),
            *("\x05SummaryInformation", "Workbook"),
        ]
        assert file.read("Workbook", most_bytes=10**5)[:2] == b"\x09\x08"


def test_a_stream_over_its_limit_is_refused():
    with pytest.raises(Unreadable) as caught:
        opened(make_compound(STREAMS)).read("Large", most_bytes=10_000)
    assert caught.value.code == "too_large"


def test_no_cut_file_raises_anything_else():
    content = make_compound(STREAMS)
    for end in range(0, len(content), 97):
        with suppress(Unreadable):
            file = opened(content[:end])
            assert sum(len(file.read(name, most_bytes=10**5)) for name in file.streams) < 20_000


def test_chains_and_trees_in_circles_end():
    content = bytearray(make_compound(STREAMS))
    content[512 + 4 : 512 + 8] = (1).to_bytes(4, "little")  # the directory leads to itself
    content[1024 + 128 + 72 : 1024 + 128 + 76] = (1).to_bytes(4, "little")  # so does the first name
    assert set(opened(bytes(content)).streams) == {"Small"}
