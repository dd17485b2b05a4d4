import re
from unittest.mock import ANY

import pytest
from redis.exceptions import ConnectionError as RedisAway

from api.errors import ANSWERS, CODES, answer_for, envelope_of, error_response, message_of
from core import errors
from core.errors import FieldProblem, InvalidInput, RateLimited, StorageFull, Unavailable


def envelope(code, *, message=ANY, details=ANY):
    return {
        "error": {
            "code": code,
            "message": message,
            "details": details,
            "timestamp": ANY,
            "requestId": ANY,
        }
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "NOT_FOUND"),
        ("GET", "/api/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/nothing.html", 404, "NOT_FOUND"),
        ("POST", "/nothing", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/../../etc/passwd", 404, "NOT_FOUND"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "NOT_FOUND"),
        ("PUT", "/api/search", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/api/search", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/search?q=x", 401, "UNAUTHENTICATED"),
        ("POST", "/api/auth/register", 400, "VALIDATION_ERROR"),
    ],
)
async def test_every_refusal_has_the_same_shape(client, method, path, status, code):
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json() == envelope(code)
    assert answer.json()["error"]["requestId"] == answer.headers["X-Request-ID"]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.json()["error"]["timestamp"]
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b"{'a': 1}",
        b"[" * 100_000,
        b'{"email": 1}',
        b'{"email": 1e999}',
    ],
)
async def test_a_body_that_is_not_the_json_asked_for_is_a_validation_error(client, body):
    answer = await client.post(
        "/api/auth/login", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json() == envelope("VALIDATION_ERROR")


async def test_a_field_at_fault_is_named(client):
    answer = await client.post("/api/auth/login", json={"email": "a@example.org", "more": 1})
    assert [d["field"] for d in answer.json()["error"]["details"]] == ["password", "more"]


def test_every_class_of_the_tree_has_a_row():
    tree = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.CallerError | errors.Unavailable)
    ]
    assert [kind for kind in tree if not any(issubclass(kind, row) for row, _ in ANSWERS)] == []


def test_a_special_class_comes_before_its_parent():
    kinds = [kind for kind, _ in ANSWERS]
    shadowed = [b for i, a in enumerate(kinds) for b in kinds[i + 1 :] if issubclass(b, a)]
    assert shadowed == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInput("x"), 400, "VALIDATION_ERROR"),
        (StorageFull("x"), 503, "STORAGE_FULL"),
        (Unavailable("x"), 503, "UNAVAILABLE"),
        (RedisAway("x"), 503, "UNAVAILABLE"),
        (ValueError("x"), 500, "INTERNAL_ERROR"),
    ],
)
def test_an_error_has_one_status_and_a_documented_code(error, status, code):
    assert (answer_for(error).status, answer_for(error).code) == (status, code)
    assert code in CODES


def test_a_bug_does_not_tell_its_text():
    assert "secret" not in message_of(ValueError("secret"))
    assert "secret" not in message_of(RedisAway("secret"))


def test_an_error_in_a_stream_carries_its_details():
    error = InvalidInput.of("q", "is empty")
    assert envelope_of(error, request_id="req_1") == {
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "q: is empty",
            "details": [{"field": "q", "message": "is empty"}],
            "timestamp": ANY,
            "requestId": "req_1",
        }
    }
    assert error.details == (FieldProblem("q", "is empty"),)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Unavailable("busy", retry_after_s=0.2), "1"),
        (Unavailable("busy"), "2"),
        (RedisAway("gone"), "2"),
        (RateLimited("search", limit=5, window_s=10, retry_after_s=7), "7"),
    ],
)
def test_who_is_sent_away_is_told_for_how_long(error, wait):
    assert error_response(error, request_id="").headers["Retry-After"] == wait
