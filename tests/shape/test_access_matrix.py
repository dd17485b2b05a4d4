"""Nobody reaches another's things by their id: every operation of the contract that takes an id, times who might try.

Made from OpenAPI, so that an operation without an entry here fails. Protects against the gap of LibreChat CVE-2026-31950:
a stream that was resumed by its id without asking whose it was.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx
import pytest

from api.docs import Operation, operations
from api.main import create_app
from app.resources import open_resources
from app.settings import Settings
from core.ids import new_id
from core.scope import Scope
from search.embed import FakeEmbedder
from tests.api.conftest import app, client, signed_in  # noqa: F401  # pyright: ignore[reportUnusedImport] fixtures
from tests.browser_keys import NewBrowser
from tests.make import make_colleague, make_membership, make_scope

OPERATIONS = list(operations(create_app(open_resources(Settings(), purpose="api"))))
WITH_ID = [o for o in OPERATIONS if "{" in o.path]
NAMES = [f"{o.method} {o.path.removeprefix('/api/v1')}" for o in WITH_ID]
# What a request needs beside the id to get past the checks of its form.
BODIES: dict[str, object] = {
    "PATCH /conversations/{conversation_id}": {"title": "Other"},
    "PUT /conversations/{conversation_id}/read": {"seq": 1},
    "PUT /conversations/{conversation_id}/quiet": {"is_quiet": True},
    "PUT /conversations/{conversation_id}/members": {"principal": "workspace"},
    "POST /conversations/{conversation_id}/members": {"principal": "workspace"},
    "PATCH /conversations/{conversation_id}/members/{principal}": {"role": "reader"},
    "POST /conversations/{conversation_id}/messages": {"content": "Hello"},
    "PATCH /messages/{message_id}": {"content": "Other"},
    "PUT /conversations/{conversation_id}/active-leaf": {"message_id": None},
    "PUT /messages/{message_id}/feedback": {"thumb": "up"},
    "POST /messages/{message_id}/side-by-side": {"models": ["extractive"]},
    "PUT /files/{file_id}/access": {"principal": "workspace"},
    "PUT /files/{file_id}/tags": {"tags": ["other"]},
    "PUT /conversations/{conversation_id}/tags": {"tags": ["other"]},
    "PATCH /saved-searches/{saved_search_id}": {"name": "Other"},
    "PATCH /workspaces/{workspace_id}/members/{account_id}": {"role": "guest"},
    "POST /workspaces/{workspace_id}/members": {"email": "nobody@example.org"},
}
RAW: dict[str, dict[str, str]] = {
    "PUT /files/{file_id}/content": {
        "X-Filename": "b.txt",
        "Content-Type": "application/octet-stream",
    },
    "PATCH /uploads/{upload_id}": {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    },
    "HEAD /uploads/{upload_id}": {"Tus-Resumable": "1.0.0"},
    "DELETE /uploads/{upload_id}": {"Tus-Resumable": "1.0.0"},
}
QUERIES = {
    "GET /files/{file_id}/text": "?start=0&end=5",
    "GET /files/{file_id}/diff": "?from=1&to=1",
}
# Streams without an end; that their owner gets them is tested beside their routes.
ENDLESS = {"GET /runs/{run_id}/events", "GET /files/{file_id}/events"}
# A colleague belongs to the workspace too: he may see it and leave it, and is told that the rest is not his to do.
COLLEAGUES = {
    "GET /workspaces/{workspace_id}": 200,
    "POST /invites/{token}/accept": 200,  # a link is for members of the workspace
    "GET /workspaces/{workspace_id}/members": 200,
    "POST /workspaces/{workspace_id}/members": 403,
    "PATCH /workspaces/{workspace_id}/members/{account_id}": 403,
    "DELETE /workspaces/{workspace_id}/members/{account_id}": 403,
    "POST /admin/generations/{generation_id}/promote": 403,
    "POST /admin/generations/{generation_id}/pause": 403,
    "POST /admin/generations/{generation_id}/resume": 403,
    "DELETE /admin/generations/{generation_id}": 403,
    "POST /admin/jobs/{job_id}/requeue": 403,
}
# The state that the owner's request asks for first; and what it may say of a state that does not fit.
OWNERS = {
    "DELETE /workspaces/{workspace_id}/members/{account_id}": {409},
    "GET /direct-uploads/{direct_upload_id}": {409},
    "POST /direct-uploads/{direct_upload_id}/complete": {409},
}


@dataclass(frozen=True, slots=True)
class World:
    """Ada's things, and those who are after them."""

    ada: httpx.AsyncClient
    others: dict[str, httpx.AsyncClient]
    ids: dict[str, str]


@pytest.fixture
async def world(signed_in, client, owner_connection) -> World:  # noqa: F811
    ada = await make_scope(owner_connection)
    bob = await make_colleague(owner_connection, ada)
    eve = await make_scope(owner_connection, "eve")
    outsider = Scope(eve.account_id, ada.workspace_id, "member")
    mine = await signed_in(ada)
    return World(
        ada=mine,
        others={
            "colleague": await signed_in(bob),
            "stranger": await signed_in(eve),
            "intruder": await signed_in(outsider),
            "anonymous": client,
        },
        ids=await make_things(mine, ada) | await make_direct_upload(owner_connection, ada),
    )


async def make_direct_upload(owner: asyncpg.Connection, ada: Scope) -> dict[str, str]:
    """Make one by hand: here the store is a folder, which has no door for clients."""
    upload_id = new_id()
    await owner.execute(
        "INSERT INTO upload (workspace_id, id, account_id, name, folder, metadata, length_bytes, sha256, parts)"
        " VALUES ($1, $2, $3, 'a.txt', '', '', 9, $4, '{key}')",
        ada.workspace_id, upload_id, ada.account_id, b"x" * 32,
    )  # fmt: skip
    return {"direct_upload_id": str(upload_id)}


async def make_things(mine: httpx.AsyncClient, ada: Scope) -> dict[str, str]:
    conversation = (await mine.post("/api/conversations", json={"title": "Mine"})).json()["id"]
    posted = await mine.post(
        f"/api/conversations/{conversation}/messages", json={"content": "What?", "reply": {}}
    )
    uploaded = await mine.post("/api/upload", content=b"My words.", headers={"X-Filename": "a.txt"})
    begun = await mine.post(
        "/api/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "9",
            "Upload-Metadata": "filename YS50eHQ=",
        },
    )
    saved = (await mine.post("/api/saved-searches", json={"q": "words"})).json()
    hook = {"url": "https://hooks.example.org/files"}
    webhook = (await mine.post("/api/webhooks", json=hook)).json()
    model = {"model": FakeEmbedder.model}
    generation = (await mine.post("/api/admin/generations", json=model)).json()
    invite = (await mine.post(f"/api/conversations/{conversation}/invites")).json()
    browser = {"keys": NewBrowser().keys, "endpoint": "https://push.example.org/ada"}
    subscription = (await mine.post("/api/notifications/push", json=browser)).json()
    me = (await mine.get("/api/auth/me")).json()
    return {
        "generation_id": generation["id"],
        "conversation_id": conversation,
        "message_id": posted.json()["message"]["id"],
        "run_id": posted.json()["run"]["id"],
        "file_id": uploaded.json()["file"]["id"],
        "job_id": uploaded.json()["job"]["id"],
        "upload_id": begun.headers["location"].rpartition("/")[2],
        "saved_search_id": saved["id"],
        "webhook_id": webhook["id"],
        "session_id": me["session_id"],
        "workspace_id": str(ada.workspace_id),
        "account_id": str(ada.account_id),
        "invite_id": invite["id"],
        "token": invite["token"],
        "emoji": "👍",
        "subscription_id": subscription["id"],
        "principal": "workspace",
        "version": "1",
    }


async def ask(who: httpx.AsyncClient, operation: Operation, ids: dict[str, str]) -> httpx.Response:
    name = f"{operation.method} {operation.path.removeprefix('/api/v1')}"
    path = operation.path.format(**ids) + QUERIES.get(name, "")
    if name in RAW:
        return await who.request(operation.method, path, content=b"x", headers=RAW[name])
    return await who.request(operation.method, path, json=BODIES.get(name))


@pytest.mark.parametrize("operation", WITH_ID, ids=NAMES)
async def test_an_id_opens_nothing_to_those_it_was_not_given_to(operation, world):
    name = f"{operation.method} {operation.path.removeprefix('/api/v1')}"
    names = {"principal": "workspace", "version": "1", "emoji": "👍"}
    nothing = {key: str(new_id()) for key in world.ids} | names
    for who, asking in world.others.items():
        answer = await ask(asking, operation, world.ids)
        wanted = (
            COLLEAGUES.get(name, 404) if who == "colleague" else 401 if who == "anonymous" else 404
        )
        assert answer.status_code == wanted, (who, answer.text)
        assert who != "anonymous" or "WWW-Authenticate" in answer.headers
        if wanted == 404:
            absent = await ask(asking, operation, nothing)
            assert told(absent) == told(answer), who
    if name not in ENDLESS:
        answer = await ask(world.ada, operation, world.ids)
        assert answer.status_code not in {400, 401, 403, 405, 500, 503}, answer.text
        assert answer.status_code < 400 or answer.status_code in OWNERS.get(name, {404, 409}), (
            answer.text
        )


def told(answer: httpx.Response) -> tuple[int, str, str]:
    if answer.request.method == "HEAD":  # has no body
        return answer.status_code, "", ""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if not o.public and "{" not in o.path], ids=str
)
async def test_what_needs_a_sign_in_says_so(operation, client):  # noqa: F811
    answer = await client.request(operation.method, operation.path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


async def test_ids_in_a_list_are_only_ones_own(world):
    for who in ("colleague", "stranger"):
        for path in ("/api/conversations", "/api/files", "/api/jobs", "/api/saved-searches"):
            assert (await world.others[who].get(path)).json()["items"] == [], (who, path)


async def test_who_was_let_in_and_removed_again_is_out(world, owner_connection, signed_in):  # noqa: F811
    late = await make_scope(owner_connection, "late")
    there = Scope(late.account_id, UUID(world.ids["workspace_id"]), "member")
    asking = await signed_in(await make_membership(owner_connection, there))
    assert (await asking.get("/api/conversations")).status_code == 200
    await owner_connection.execute(
        "DELETE FROM membership WHERE account_id = $1 AND workspace_id = $2",
        there.account_id,
        there.workspace_id,
    )
    assert (await asking.get("/api/conversations")).status_code == 404
