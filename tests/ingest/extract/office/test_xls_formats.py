import io
from struct import pack

import pytest

from ingest.extract.office.compound import Compound
from ingest.extract.office.formatted_cells import FormattedCell
from ingest.extract.office.number_format import NumberFormat
from ingest.extract.office.xls_formats import xls_cells
from tests.ingest.make_office import make_compound

PERCENT, MONEY = NumberFormat("", "%", 0, 0), NumberFormat("€ ", "", 2, 2)
CODE = '"€ "0.00'
BIFF5, BIFF8 = 0x0500, 0x0600
END = b"\x0a\0\0\0"


def record(kind, content):
    return pack("<HH", kind, len(content)) + content


def begin(version):
    return record(0x0809, pack("<HH", version, 5) + bytes(12))


def cells_of_sheet(version):
    chart = begin(version) + record(0x0203, pack("<HHHd", 0, 0, 1, 9)) + END
    several = pack("<HH HI HI HI H", 3, 4, 2, 0, 2, 0, 0, 0, 6)  # in row 3, columns 4 to 6
    return (
        begin(version)
        + record(0x0203, pack("<HHHd", 0, 0, 1, 0.5))
        + record(0x0203, pack("<HHHd", 0, 1, 0, 0.5))
        + chart
        + record(0x00BD, several)
        + record(0x0006, pack("<HHHd", 4, 0, 2, 0.5) + bytes(8))
        + END
    )


def workbook(version, *, name, code):
    """A workbook of styles 0 (none), 1 (percent) and 2 (money) whose one sheet bears this name, as records have it."""
    styles = b"".join(record(0x00E0, pack("<HH", 0, number) + bytes(16)) for number in (0, 9, 164))
    head = begin(version) + record(0x041E, pack("<H", 164) + code) + styles
    begins_at = len(head) + 4 + 6 + len(name) + len(END)
    sheet = record(0x0085, pack("<IH", begins_at, 0) + name)
    return head + sheet + END + cells_of_sheet(version)


EXCEL_97 = workbook(
    BIFF8,
    name=pack("<BB", 3, 1) + "Ωλm".encode("utf-16-le"),
    code=pack("<HB", len(CODE), 1) + CODE.encode("utf-16-le"),
)
EXCEL_95 = workbook(BIFF5, name=b"\3\xc4bc", code=pack("<B", len(CODE)) + CODE.encode("cp1252"))
FOUND = [
    FormattedCell(1, 0, 0, PERCENT),
    FormattedCell(1, 3, 4, MONEY),
    FormattedCell(1, 3, 5, MONEY),
    FormattedCell(1, 4, 0, MONEY),
]


def found(stream, *, name="Workbook"):
    names = ["another", "Ωλm", "Äbc"]
    cells = xls_cells(Compound(io.BytesIO(make_compound({name: stream}))), names)
    return [each._replace(sheet=1) for each in cells]


@pytest.mark.parametrize(("stream", "name"), [(EXCEL_97, "Workbook"), (EXCEL_95, "Book")])
def test_a_cell_has_the_format_of_the_style_that_it_names(stream, name):
    assert found(stream, name=name) == FOUND


@pytest.mark.parametrize("stream", [EXCEL_97, EXCEL_95])
def test_of_a_file_that_is_cut_off_the_whole_records_count(stream):
    for length in range(len(stream)):
        cells = found(stream[:length])
        assert cells == FOUND[: len(cells)]


def test_what_is_no_workbook_has_none():
    assert [found(stream) for stream in (b"", b"\xff" * 300, bytes(300))] == [[], [], []]


def test_a_sheet_that_begins_nowhere_has_none():
    at = EXCEL_97.index(pack("<H", 0x0085)) + 4
    for place in (0xFFFFFFFF, len(EXCEL_97) - 2, 1):
        assert found(EXCEL_97[:at] + pack("<I", place) + EXCEL_97[at + 4 :]) == []
