import io
from pathlib import Path

from ingest.extract.data.json_lines import read

DATA = Path(__file__).parents[3] / "data" / "files"


def text_of(raw):
    return "".join(one.text for one in read(io.BytesIO(raw), first=0, most_characters=10**6))


def test_real_records_are_numbered():
    assert text_of((DATA / "arbitrary-records.ndjson").read_bytes()) == (
        "Record 1:\nsku: GRD-8842\nname: Garden Trowel\nprice: 12.5\nin_stock: true\n\n"
        "Record 2:\nsku: GRD-1290\nname: Watering Can\nprice: 18.0\nin_stock: false\n\n"
        "Record 3:\nsku: GRD-3317\nname: Pruning Shears\nprice: 24.99\nin_stock: true\n"
    )


def test_a_record_may_be_any_value():
    assert text_of(b'"a"\n[1, 2]\n{"b": {"c": 3}}') == (
        "Record 1:\na\n\nRecord 2:\n1, 2\n\nRecord 3:\nb.c: 3\n"
    )
