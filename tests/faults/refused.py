"""What a refusal looks like: the envelope of the contract, with words for a person."""

import re
from unittest.mock import ANY

PYDANTIC = re.compile(r"Input should|Value error|after validation|Field required|Extra inputs")


def assert_refused(answer, *, statuses=(400,)):
    """The envelope of the contract, with words for a person."""
    assert answer.status_code in statuses, answer.text
    error = answer.json()["error"]
    assert error == {
        "code": ANY, "message": ANY, "details": ANY, "timestamp": ANY,
        "requestId": answer.headers["X-Request-ID"],
    }  # fmt: skip
    assert 0 < len(error["message"]) < 500
    assert not PYDANTIC.search(answer.text), error["message"]
