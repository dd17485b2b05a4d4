import pytest
from starlette.requests import Request

from api.deps import bearer_token, cookie_name, cookie_token, refuse_other_sites
from core.errors import Forbidden


def request(headers: dict[str, str], scheme: str = "http") -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "scheme": scheme,
            "server": ("recollect.example", 80),
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", b"recollect.example"), *raw],
        }
    )


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Basic abc", None),
        ("", None),
    ],
)
def test_a_bearer_token_is_read_as_it_is_written(header, token):
    assert bearer_token(request({"Authorization": header})) == token


def test_the_cookie_of_plain_http_is_not_taken_over_tls():
    cookie = {"Cookie": "recollect_session=abc"}
    assert cookie_token(request(cookie)) == "abc"
    assert cookie_token(request(cookie, "https")) is None
    assert cookie_name(request({}, "https")) == "__Host-recollect_session"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://recollect.example"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://recollect.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_pages_may_write(headers):
    refuse_other_sites(request(headers), origin_needed=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://recollect.example"},
        {"Origin": "http://recollect.example:8080"},
        {"Origin": "http://recollect.example.evil"},
        {"Origin": "http://x.recollect.example"},
        {"Origin": "http://evil-recollect.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://recollect.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nobody_else_may_write(headers):
    for needed in (True, False):
        with pytest.raises(Forbidden):
            refuse_other_sites(request(headers), origin_needed=needed)


def test_a_program_without_an_origin_may_only_where_none_is_needed():
    refuse_other_sites(request({}), origin_needed=False)
    with pytest.raises(Forbidden):
        refuse_other_sites(request({}), origin_needed=True)
