"""What a chart in an Office document says: its titles, its series and their categories (DrawingML, ECMA-376 part 1, 21.2).

Left out: the values, which are figures without a place here and stand in the sheet that the chart was made from.
"""

from zipfile import ZipFile

from ingest.extract.office.xml_parts import parse
from ingest.extract.segment import clean

LONGEST_LINE = (
    2_000  # characters; a chart over ten thousand categories is a table, and is read as one
)


def chart_lines(archive: ZipFile, part: str) -> list[str]:
    """Return the titles, one a line, then the names of the series, then the categories; each said once."""
    chart = _Chart()
    for _ in parse(archive, part, chart):
        pass
    joined = (", ".join(dict.fromkeys(names)) for names in (chart.series, chart.categories))
    lines = dict.fromkeys([*chart.titles, *joined])
    return [clean(line)[:LONGEST_LINE] for line in lines if line]


class _Chart:
    """Texts are gathered where they stand: c:title, c:tx of a series, c:cat."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.series: list[str] = []
        self.categories: list[str] = []
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        self._path.append(name)
        if name in ("c:title", "c:v"):
            self._text.clear()

    def data(self, text: str) -> None:
        if self._path[-1] in ("a:t", "c:v"):
            self._text.append(text)

    def end(self, name: str) -> None:
        self._path.pop()
        if name == "c:title":
            self._take(self.titles)
        elif name == "a:p":
            self._text.append(" ")
        elif name == "c:v" and "c:title" not in self._path:
            if "c:cat" in self._path:
                self._take(self.categories)
            elif "c:tx" in self._path:
                self._take(self.series)

    def _take(self, names: list[str]) -> None:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if text:
            names.append(text)
