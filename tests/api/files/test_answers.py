from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.files.answers import File, eta_s, expected_passages, file_answer, passages_per_s

NOW = datetime(2025, 1, 1, tzinfo=UTC)
FILE = File(
    id=UUID(int=1), name="a.pdf", folder="", media_type="application/pdf", size_bytes=9, sha256=b"\1" * 32,
    state="processing", stage="extract", reason_code="", reason="", remedy="", version=1, version_id=UUID(int=2),
    title="", author="", created="", modified="", language="",
    segments_done=10, segments_total=40, passages_total=50, passages_embedded=20, owner_id=UUID(int=3), is_owner=True,
    can_write=True, duplicate_of=None, parent_id=None, parent_name=None, parent_path=None,
    created_at=NOW, updated_at=NOW, started_at=NOW, finished_at=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, 200), ({"segments_total": None}, None), ({"segments_done": 0}, None), ({"segments_done": 40}, 50),
     ({"segments_done": 0, "segments_total": 0, "passages_total": 0}, 0)],
)  # fmt: skip
def test_the_passages_to_come_are_scaled_from_the_part_that_was_read(change, expected):
    assert expected_passages(replace(FILE, **change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, 90.0), ({"state": "ready"}, None), ({"started_at": None}, None), ({"passages_embedded": 0}, None),
     ({"segments_done": 40, "passages_embedded": 60}, 0.0)],
)  # fmt: skip
def test_the_time_left_goes_on_at_the_rate_so_far(change, expected):
    assert eta_s(replace(FILE, **change), now=NOW + timedelta(seconds=10)) == expected


def test_the_rate_is_that_of_all_passages_so_far_while_there_are_more_to_come():
    later = NOW + timedelta(seconds=10)
    assert passages_per_s(FILE, now=later) == 2.0
    assert passages_per_s(FILE, now=NOW) is None
    assert passages_per_s(replace(FILE, state="ready"), now=later) is None
    assert passages_per_s(replace(FILE, passages_embedded=0), now=later) is None


def test_a_reason_is_told_only_when_there_is_one():
    assert file_answer(FILE).reason is None
    failed = file_answer(
        replace(
            FILE,
            state="failed",
            reason_code="encrypted",
            reason="It is locked.",
            remedy="Unlock it.",
        )
    )
    assert failed.model_dump()["reason"] == {
        "code": "encrypted",
        "message": "It is locked.",
        "remedy": "Unlock it.",
    }


def test_what_a_document_says_of_itself_is_told_where_it_says_something():
    assert file_answer(FILE).properties is None
    told = file_answer(replace(FILE, title="Tides", created="2024-05")).properties
    assert told is not None
    assert told.model_dump() == {
        "title": "Tides",
        "author": "",
        "created": "2024-05",
        "modified": "",
        "language": "",
    }


def test_a_file_that_was_found_in_another_names_it_if_that_may_be_seen():
    assert file_answer(replace(FILE, parent_path="a/b.txt")).parent is None
    inside = replace(FILE, parent_id=UUID(int=9), parent_name="h.zip", parent_path="a/b.txt")
    told = file_answer(inside).parent
    assert told is not None
    assert told.model_dump() == {"id": UUID(int=9), "name": "h.zip", "path": "a/b.txt"}
