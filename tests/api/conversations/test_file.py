from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from api.conversations.file import FileMessage
from tests.api.conversations.test_transcript_markdown import cited, said


def test_a_message_reads_as_it_was_written():
    message = said("Hello", edited_at=datetime(2026, 5, 2, tzinfo=UTC))
    assert FileMessage.model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "changed",
    [
        {"content": "a\0b"},
        {"content": "x" * 200_001},
        {"role": "system"},
        {"revision": 0},
        {"created_at": "2026-05-01T09:30:00"},
        {"created_at": "1969-01-01T00:00:00Z"},
        {"created_at": datetime.now(UTC) + timedelta(days=2)},
        {"author_id": "me"},
        {"attachments": [{"file_id": "x", "name": ""}]},
    ],
)
def test_what_is_out_of_bounds_is_refused(changed):
    with pytest.raises(ValidationError):
        said(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"ref": 2**31},
        {"score": float("nan")},
        {"verdict": "sure"},
        {"source_span": {"start": -1, "end": 2}},
    ],
)
def test_a_citation_has_bounds_too(changed):
    with pytest.raises(ValidationError):
        cited(**changed)
