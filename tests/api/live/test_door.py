import pytest
from websockets.exceptions import InvalidStatus

from api.deps import COOKIE
from tests.api.serving import served
from tests.api.watching import bearer, watching
from tests.make import make_colleague, make_scope


@pytest.fixture
async def url(app, resources):
    async with served(app) as url:
        yield url


@pytest.fixture
async def cookie(app, ada):
    new = await app.state.api.sessions.start(ada.account_id, kind="cookie")
    return {"Cookie": f"{COOKIE}={new.token}"}


async def status(url, headers, query=""):
    try:
        async with watching(url, headers, query=query):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_our_own_page_opens_a_socket_with_its_cookie(url, cookie):
    assert await status(url, {**cookie, "Origin": url}) == 101


async def test_another_site_does_not_whatever_it_calls_itself(url, cookie):
    host = url.removeprefix("http://")
    forged = ["null", "https://evil.example", f"https://{host}", f"http://evil.{host}", f"{url}.evil.example", f"{url}/",
              f"http://evil.example/{host}", ""]  # fmt: skip
    assert [await status(url, {**cookie, "Origin": origin}) for origin in forged] == [403] * 8
    assert await status(url, cookie) == 403  # no Origin at all


async def test_a_token_belongs_where_it_was_given_for(url, app, ada, cookie):
    token = cookie["Cookie"].partition("=")[2]
    assert await status(url, {"Authorization": f"Bearer {token}"}) == 401
    assert await status(url, {"Cookie": f"{COOKIE}=nonsense", "Origin": url}) == 401


async def test_a_bearer_token_needs_no_origin_and_its_workspace_may_stand_in_the_address(
    url, signed_in, ada, owner_connection
):
    bob = await make_colleague(owner_connection, ada)
    headers = bearer(await signed_in(bob))
    named = {"authorization": headers["authorization"]}
    assert await status(url, named, f"?workspace={ada.workspace_id}") == 101
    eve = bearer(await signed_in(await make_scope(owner_connection, "eve")))
    assert await status(url, {**eve, "x-workspace": str(ada.workspace_id)}) == 404
    assert await status(url, {**eve, "x-workspace": "nonsense"}) == 404
