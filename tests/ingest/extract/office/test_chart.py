import io

from ingest.extract.archive import open_archive
from ingest.extract.office.chart import LONGEST_LINE, chart_lines
from tests.ingest.make_files import make_zip

HEAD = (
    '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
)


def lines_of(inner):
    archive = open_archive(io.BytesIO(make_zip({"c.xml": f"{HEAD}{inner}</c:chart>"})))
    return chart_lines(archive, "c.xml")


def title(*runs):
    texts = "".join(f"<a:r><a:t>{run}</a:t></a:r>" for run in runs)
    return f"<c:title><c:tx><c:rich><a:p>{texts}</a:p></c:rich></c:tx></c:title>"


def points(*values):
    return "".join(f"<c:pt><c:v>{value}</c:v></c:pt>" for value in values)


def test_titles_series_and_categories_without_values():
    series = "".join(
        f"<c:ser><c:tx>{points(name)}</c:tx><c:cat>{points('2019', '2020')}</c:cat><c:val>{points(7, 8)}</c:val></c:ser>"
        for name in ("Ducks", "Geese")
    )
    axis = f"<c:valAx>{title('Num', 'ber')}</c:valAx>"
    assert lines_of(title("Birds by year") + series + axis) == [
        "Birds by year",
        "Number",
        "Ducks, Geese",
        "2019, 2020",
    ]


def test_a_title_taken_from_a_cell():
    inner = f"<c:title><c:tx><c:strRef><c:strCache>{points('Birds')}</c:strCache></c:strRef></c:tx></c:title>"
    assert lines_of(inner) == ["Birds"]


def test_an_absent_or_empty_chart_says_nothing():
    assert lines_of("") == []
    assert chart_lines(open_archive(io.BytesIO(make_zip({"x": ""}))), "c.xml") == []


def test_endless_categories_are_cut():
    (line,) = lines_of(f"<c:cat>{points(*range(9999))}</c:cat>")
    assert len(line) == LONGEST_LINE
