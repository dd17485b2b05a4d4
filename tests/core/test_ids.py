from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from core.errors import NotFound
from core.ids import first_id_of, new_id, parse_id


def test_ids_are_version_7_and_differ():
    ids = [new_id() for _ in range(1000)]
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 1000


@pytest.mark.parametrize("later_ns", [1_000_000, 1_000, 999_000])
def test_later_ids_sort_later(monkeypatch, later_ns):
    clock = iter([1_700_000_000_000_000_000, 1_700_000_000_000_000_000 + later_ns])
    monkeypatch.setattr("core.ids.time", SimpleNamespace(time_ns=lambda: next(clock)))
    assert new_id() < new_id()


@pytest.mark.parametrize("text", ["", "x", "0" * 31, "../../etc/passwd", "\0"])
def test_a_text_that_is_no_id_names_nothing(text):
    with pytest.raises(NotFound, match="No such file"):
        parse_id(text, what="file")


def test_an_id_survives_its_text():
    made = new_id()
    assert parse_id(str(made), what="file") == made


def test_a_moment_sorts_between_what_was_made_before_and_after(monkeypatch):
    clock = iter([999_000_000, 1_001_000_000])
    monkeypatch.setattr("core.ids.time", SimpleNamespace(time_ns=lambda: next(clock)))
    before, after = new_id(), new_id()
    assert before < first_id_of(datetime.fromtimestamp(1, UTC)) < after
