from dataclasses import replace
from unittest.mock import ANY

import pytest

from api.limits import LOGIN
from tests.make import make_scope

SLOW_LOGIN = replace(
    LOGIN, window_s=1_000 * LOGIN.window_s
)  # none comes back while a slow machine guesses

ADA = {"email": "ada@example.org", "password": "a sentence nobody guesses", "name": "Ada"}
ORIGIN = {"Origin": "http://127.0.0.1:4512"}


async def register(client, **changed):
    return await client.post("/api/auth/register", json=ADA | changed)


async def login(client, *, token=True, **changed):
    body = {"email": ADA["email"], "password": ADA["password"]} | changed
    return await client.post(f"/api/auth/login{'?token=true' if token else ''}", json=body)


async def test_the_first_account_is_admin_and_the_second_is_not(client):
    first = await register(client)
    second = await register(client, email="bob@example.org", name="")
    assert first.status_code == 201
    assert first.json() == {
        "id": ANY,
        "email": "ada@example.org",
        "name": "Ada",
        "is_admin": True,
        "personal_workspace_id": ANY,
        "created_at": ANY,
    }
    assert (second.json()["name"], second.json()["is_admin"]) == ("bob", False)


async def test_an_email_makes_one_account_whatever_its_case(client):
    await register(client)
    again = await register(client, email="ADA@example.org")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"email": "x" * 250 + "@example.org"}, "email"),
        ({"email": "a\0@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": "x" * 100_000}, "password"),
        ({"password": "PassWord"}, "password"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"is_admin": True}, "is_admin"),
    ],
)
async def test_a_registration_that_cannot_be_names_its_field(client, changed, field):
    answer = await client.post(
        "/api/auth/register",
        content=__import__("json").dumps(ADA | changed),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert [d["field"] for d in answer.json()["error"]["details"]] == [field]


@pytest.mark.parametrize("mode", ["invite", "closed"])
async def test_registration_that_is_not_open_says_what_to_do(client, app, settings, mode):
    from dataclasses import replace

    api = app.state.api
    shut = replace(api.resources, settings=settings.model_copy(update={"registration": mode}))
    app.state.api = replace(api, resources=shut)
    try:
        answer = await register(client)
    finally:
        app.state.api = api
    assert answer.status_code == 403
    assert ("recollect user add" in answer.json()["error"]["message"]) == (mode == "invite")


async def test_login_with_token_gives_a_bearer_token_that_works(client):
    await register(client)
    answer = await login(client)
    assert answer.json() == {
        "token": ANY,
        "token_type": "Bearer",
        "expires_at": ANY,
        "user": ANY,
    }
    me = await client.get(
        "/api/auth/me", headers={"Authorization": f"Bearer {answer.json()['token']}"}
    )
    assert me.json() == answer.json()["user"] | {
        "workspace_id": answer.json()["user"]["personal_workspace_id"],
        "role": "owner",
        "session_id": ANY,
        "csrf_token": None,
    }


async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(client):
    await register(client)
    wrong = await login(client, password="not the password")
    unknown = await login(client, email="nobody@example.org")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="recollect"'
    assert wrong.json()["error"]["message"] == unknown.json()["error"]["message"]


async def test_the_cookie_is_closed_to_scripts_and_other_sites(client):
    await register(client)
    answer = await login(client, token=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("recollect_session=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert set(answer.json()) == {"csrf_token", "expires_at", "user"}


async def test_over_tls_the_cookie_carries_the_host_prefix(client):
    await register(client)
    answer = await client.post(
        "https://127.0.0.1:4512/api/auth/login",
        json={"email": ADA["email"], "password": ADA["password"]},
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-recollect_session=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:4512.evil.example"},
        {"Origin": "http://evil.127.0.0.1:4512"},
        {"Origin": "https://127.0.0.1:4512"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        ORIGIN | {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_cookie_from_another_site_changes_nothing(client, headers):
    await register(client)
    csrf = (await login(client, token=False)).json()["csrf_token"]
    answer = await client.post(
        "/api/conversations", json={}, headers=headers | {"X-CSRF-Token": csrf}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("token", [None, "", "wrong"])
async def test_a_cookie_without_the_csrf_token_changes_nothing(client, token):
    await register(client)
    await login(client, token=False)
    headers = ORIGIN | ({} if token is None else {"X-CSRF-Token": token})
    assert (await client.post("/api/conversations", json={}, headers=headers)).status_code == 403
    assert (await client.get("/api/conversations")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("headers", [ORIGIN, {"Sec-Fetch-Site": "same-origin"}])
async def test_a_cookie_with_origin_and_csrf_token_may_write(client, headers):
    await register(client)
    await login(client, token=False)
    csrf = (await client.get("/api/auth/me")).json()["csrf_token"]
    answer = await client.post(
        "/api/conversations", json={}, headers=headers | {"X-CSRF-Token": csrf}
    )
    assert answer.status_code == 201


async def test_a_login_from_another_site_is_refused(client):
    await register(client)
    answer = await client.post(
        "/api/auth/login",
        json={"email": ADA["email"], "password": ADA["password"]},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


async def test_a_token_is_good_only_where_it_belongs(client):
    await register(client)
    token = (await login(client)).json()["token"]
    as_cookie = await client.get("/api/auth/me", headers={"Cookie": f"recollect_session={token}"})
    await login(client, token=False)
    cookie = client.cookies["recollect_session"]
    as_token = await client.get("/api/auth/me", headers={"Authorization": f"Bearer {cookie}"})
    assert (as_cookie.status_code, as_token.status_code) == (401, 401)


async def test_each_login_makes_a_new_session_beside_the_others(client):
    await register(client)
    first, second = (await login(client)).json()["token"], (await login(client)).json()["token"]
    listed = await client.get("/api/auth/sessions", headers={"Authorization": f"Bearer {first}"})
    assert first != second
    assert [one["current"] for one in listed.json()["items"]] == [False, True]


async def test_logout_ends_the_session_at_once_and_replay_stays_refused(client):
    await register(client)
    first, second = [
        {"Authorization": f"Bearer {(await login(client)).json()['token']}"} for _ in "ab"
    ]
    assert (await client.get("/api/auth/me", headers=first)).status_code == 200
    assert (await client.post("/api/auth/logout", headers=first)).status_code == 204
    assert (await client.get("/api/auth/me", headers=first)).status_code == 401
    assert (await client.get("/api/auth/me", headers=second)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/auth/logout?all=true"), ("DELETE", "/api/auth/sessions")]
)
async def test_all_sessions_end_together(client, method, path):
    await register(client)
    first, second = [
        {"Authorization": f"Bearer {(await login(client)).json()['token']}"} for _ in "ab"
    ]
    assert (await client.get("/api/auth/me", headers=second)).status_code == 200
    assert (await client.request(method, path, headers=first)).status_code == 204
    assert (await client.get("/api/auth/me", headers=second)).status_code == 401


async def test_one_of_my_sessions_can_be_ended_and_a_strangers_cannot(
    client, signed_in, owner_connection
):
    await register(client)
    mine = {"Authorization": f"Bearer {(await login(client)).json()['token']}"}
    session_id = (await client.get("/api/auth/me", headers=mine)).json()["session_id"]
    stranger = await signed_in(await make_scope(owner_connection))
    assert (await stranger.delete(f"/api/auth/sessions/{session_id}")).status_code == 404
    assert (
        await client.delete(f"/api/auth/sessions/{session_id}", headers=mine)
    ).status_code == 204
    assert (await client.get("/api/auth/me", headers=mine)).status_code == 401


async def test_guessing_a_password_is_limited_and_success_costs_nothing(client, monkeypatch):
    monkeypatch.setattr("api.auth.LOGIN", SLOW_LOGIN)
    await register(client)
    for _ in range(12):
        assert (await login(client)).status_code == 200
    answers = [await login(client, password=f"guess {n}") for n in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert 29_000 <= int(answers[-1].headers["Retry-After"]) <= 30_000
    assert answers[-1].headers["RateLimit-Reset"] == answers[-1].headers["Retry-After"]
    assert answers[-1].headers["RateLimit-Policy"] == '"login";q=10;w=300000'
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED"


async def test_a_disabled_account_is_out_at_once(client, owner_connection):
    await register(client)
    mine = {"Authorization": f"Bearer {(await login(client)).json()['token']}"}
    assert (await client.get("/api/auth/me", headers=mine)).status_code == 200
    await owner_connection.execute("UPDATE account SET disabled_at = now()")
    assert (await client.get("/api/auth/me", headers=mine)).status_code == 401
    assert (await login(client)).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer \xe9"]
)
async def test_a_header_that_is_no_token_signs_nobody_in(client, header):
    answer = await client.get("/api/auth/me", headers={"Authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


NEW = "another horse battery"


async def test_a_new_password_ends_the_other_sign_ins_and_the_old_one_signs_nobody_in(client):
    await register(client)
    mine, other = [
        {"Authorization": f"Bearer {(await login(client)).json()['token']}"} for _ in "ab"
    ]
    assert (await client.get("/api/auth/me", headers=other)).status_code == 200
    body = {"password": ADA["password"], "new_password": NEW}
    changed = await client.put("/api/auth/password", json=body, headers=mine)
    assert changed.status_code == 204
    assert (await client.get("/api/auth/me", headers=mine)).status_code == 200
    assert (await client.get("/api/auth/me", headers=other)).status_code == 401
    assert (await login(client)).status_code == 401
    assert (await login(client, password=NEW)).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "status"), [("not the password", NEW, 401), (ADA["password"], "short", 400)]
)
async def test_a_password_that_may_not_be_changed_stays(client, old, new, status):
    await register(client)
    mine = {"Authorization": f"Bearer {(await login(client)).json()['token']}"}
    refused = await client.put(
        "/api/auth/password", json={"password": old, "new_password": new}, headers=mine
    )
    assert refused.status_code == status
    assert (await login(client)).status_code == 200


async def test_an_address_is_the_same_however_its_letters_are_composed(client):
    composed, decomposed = "josé@example.org", "jose\u0301@example.org"
    made = await register(client, email=decomposed)
    assert made.status_code == 201
    assert (await login(client, email=decomposed)).status_code == 200
    assert (await login(client, email=composed)).status_code == 200


@pytest.mark.parametrize("name", ["LOGIN_ADDRESS", "LOGIN_ACCOUNT"])
async def test_guesses_are_limited_by_address_and_by_account_too(client, monkeypatch, name):
    monkeypatch.setattr(f"api.auth.{name}", replace(SLOW_LOGIN, name=name, limit=3))
    await register(client)
    emails = (
        ["ada@example.org"] * 5 if name == "LOGIN_ACCOUNT" else [f"{n}@a.org" for n in range(5)]
    )
    answers = [await login(client, email=email, password="a guess of mine") for email in emails]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2


async def test_accounts_made_from_one_address_are_limited(client, monkeypatch):
    monkeypatch.setattr("api.auth.REGISTER", replace(SLOW_LOGIN, name="register", limit=2))
    made = [(await register(client, email=f"{n}@example.org")).status_code for n in range(3)]
    assert made == [201, 201, 429]
