"""Issue 3 §5 over HTTP: every bad request gets the contract's error and changes no row; never a 5xx."""

import json
from urllib.parse import quote

import pytest

from core.ids import new_id
from tests.faults.hostile import (
    FORMS,
    JSON,
    NAMES,
    NO_NAMES,
    NOT_A_MESSAGE,
    NOT_JSON,
    PEOPLE,
    UNKNOWN,
    multipart,
)
from tests.faults.refused import assert_refused


async def test_a_body_that_is_no_message_is_refused_and_leaves_nothing(
    ada, conversation_id, unchanged
):
    async with unchanged():
        for body in (NOT_JSON | NOT_A_MESSAGE).values():
            answer = await ada.post(
                f"/api/conversations/{conversation_id}/messages", content=body, headers=JSON
            )
            assert_refused(answer)
        too_large = await ada.post("/api/conversations", content=b" " * 1_000_001, headers=JSON)
        assert_refused(too_large, statuses=(413,))


async def test_the_first_of_two_equal_names_does_not_count(ada, conversation_id):
    body = b'{"content": "first", "content": "second"}'
    answer = await ada.post(
        f"/api/conversations/{conversation_id}/messages", content=body, headers=JSON
    )
    assert (answer.status_code, answer.json()["content"]) == (201, "second")


LISTS = ["/api/conversations", "/api/files", "/api/files/deleted", "/api/jobs", "/api/workspaces"]


async def test_a_cursor_that_was_tampered_with_is_refused_everywhere(ada):
    for _ in range(2):
        await ada.post("/api/conversations", json={})
    cursor = (await ada.get("/api/conversations?limit=1")).json()["next_cursor"]
    assert (await ada.get("/api/conversations", params={"cursor": cursor})).status_code == 200
    tampered = [cursor[:at] + ("B" if cursor[at] == "A" else "A") + cursor[at + 1 :] for at in range(0, 60, 7)]  # fmt: skip
    for bad in [
        *tampered,
        cursor[:-4],
        cursor + "AAAA",
        cursor * 2,
        "x",
        "=",
        "\0",
        "é",
        "A" * 600,
    ]:
        for path in LISTS:
            assert_refused(await ada.get(path, params={"cursor": bad}))
    for path in LISTS[1:]:
        assert_refused(await ada.get(path, params={"cursor": cursor}))


IDS = [
    UNKNOWN,
    "x",
    "1",
    "-1",
    "null",
    "%00",
    "%ff",
    "..%2f..%2fetc",
    "a" * 3000,
    "{}",
    "'",
    "0" * 32,
]
WITH_ID = [
    ("GET", "/files/{}"), ("DELETE", "/files/{}"), ("GET", "/files/{}/content"), ("PUT", "/files/{}/content"), ("GET", "/files/{}/text"), ("GET", "/files/{}/events"), ("POST", "/files/{}/retry"),
    ("GET", "/conversations/{}"), ("POST", "/conversations/{}/messages"), ("PATCH", "/messages/{}"), ("DELETE", "/messages/{}"),
    ("GET", "/runs/{}"), ("GET", "/runs/{}/events"), ("POST", "/runs/{}/stop"), ("GET", "/jobs/{}"), ("GET", "/workspaces/{}"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WITH_ID)
async def test_an_id_that_nobody_has_is_not_found(ada, unchanged, method, path):
    headers = {"X-Filename": "a.txt"} if method == "PUT" else {}
    body = {"content": "a"} if "messages" in path and method in {"POST", "PATCH"} else None
    async with unchanged():
        for id_ in IDS:
            answer = await ada.request(
                method, "/api" + path.format(id_), json=body, headers=headers
            )
            assert_refused(answer, statuses=(404, 405) if "%2f" in id_ else (404,))


async def test_a_workspace_that_is_none_is_not_found(ada, unchanged):
    async with unchanged():
        for name in (b"x", b"\xff", UNKNOWN.encode(), b"\0"):
            answer = await ada.post("/api/conversations", json={}, headers={"X-Workspace": name})
            assert_refused(answer, statuses=(404,))


async def upload(client, data: bytes, name: str = "a.txt", **headers: str):
    headers = {"X-Filename": name, "Content-Type": "application/octet-stream", **headers}
    return await client.post("/api/upload", content=data, headers=headers)


async def test_range_headers_give_a_part_the_whole_or_416(ada):
    file_id = (await upload(ada, b"0123456789")).json()["file"]["id"]
    hundred = "bytes=" + ",".join(f"{n}-{n}" for n in range(100))
    whole = [
        hundred, "bytes=" + ",".join(["0-"] * 20), "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "items=0-1", "0-1", "bytes=0-1;2-3",
        "bytes=" + "9" * 30 + "-", "bytes=0x1-2", "bytes=٣-", "bytes =0-1", "",
    ]  # fmt: skip
    for header in whole:
        asked = {"Range": header.encode()}
        answer = await ada.get(f"/api/files/{file_id}/content", headers=asked)
        if answer.status_code == 400:
            assert_refused(answer)
            assert len(header) > 256
        else:
            assert (answer.status_code, answer.content) == (200, b"0123456789"), header
    for header in ("bytes=10-", "bytes=10-20", "bytes=-0", "bytes=" + "9" * 18 + "-"):
        answer = await ada.get(f"/api/files/{file_id}/content", headers={"Range": header})
        assert_refused(answer, statuses=(416,))
    for header, wanted in {"bytes=0-0": b"0", "bytes=-3": b"789", "bytes=8-99": b"89"}.items():
        answer = await ada.get(f"/api/files/{file_id}/content", headers={"Range": header})
        assert (answer.status_code, answer.content) == (206, wanted)


async def test_a_last_event_id_that_is_none_is_refused(ada, conversation_id):
    asked = {"content": "Where?", "reply": {}}
    posted = await ada.post(f"/api/conversations/{conversation_id}/messages", json=asked)
    events = f"/api/runs/{posted.json()['run']['id']}/events"
    for value in (
        b"x",
        b"-1",
        b"1.5",
        b"",
        b"1e3",
        b"9" * 21,
        b"9" * 20,
        b"\xb2",
        "٣".encode(),
        b"0x1",
        b"1 2",
    ):
        assert_refused(await ada.get(events, headers={"Last-Event-ID": value}))
    for value in ("-1", "x", "9" * 30, "1.5", "NaN"):
        assert_refused(await ada.get(events, params={"after": value}))


async def test_a_hostile_name_is_kept_as_words_never_as_a_path(ada, settings):
    for name, kept in NAMES.items():
        answer = await upload(ada, b"x", quote(name, safe=""))
        assert answer.status_code == 202, answer.text
        file = answer.json()["file"]
        assert file["name"] == kept
        assert not {".", ".."} & set(file["folder"].split("/"))
        content = await ada.get(f"/api/files/{file['id']}/content")
        assert content.headers["Content-Disposition"].startswith("attachment; filename=")
        assert content.headers["X-Content-Type-Options"] == "nosniff"
    inside = settings.blob_dir.resolve()
    assert all(inside in path.resolve().parents for path in inside.rglob("*"))


async def test_a_name_of_which_nothing_is_left_is_refused(ada, unchanged):
    async with unchanged():
        for name in NO_NAMES:
            assert_refused(await upload(ada, b"x", quote(name, safe="")))
        for name in ("%ff", "%c3%28", "%ed%a0%80"):
            assert_refused(await upload(ada, b"x", name))
        for name in (b"", b"..", b"\xff\xfe"):
            body, headers = multipart(name)
            assert_refused(await ada.post("/api/upload", content=body, headers=headers))


async def test_a_form_that_is_none_is_refused_and_nothing_is_kept(ada, unchanged):
    async with unchanged():
        for kind, body in FORMS.values():
            answer = await ada.post("/api/upload", content=body, headers={"Content-Type": kind})
            assert_refused(answer)
        assert_refused(await ada.post("/api/upload", content=b"x"))  # no name
        key = "k" * 256
        assert_refused(await upload(ada, b"x", **{"Idempotency-Key": key}))


async def test_an_account_of_nonsense_is_not_made(client, unchanged):
    async with unchanged():
        for person in PEOPLE:
            body = json.dumps(person)
            assert_refused(await client.post("/api/auth/register", content=body, headers=JSON))
            login = await client.post("/api/auth/login", content=body, headers=JSON)
            assert_refused(login, statuses=(400, 401))
        for header in (b"Bearer \xff\xfe", b"Bearer", b"Basic x", b"Bearer " + b"a" * 5000, b"\0"):
            answer = await client.get("/api/auth/me", headers={"Authorization": header})
            assert_refused(answer, statuses=(401,))
        odd = {"Cookie": b"recollect_session=\xff; ;;=;"}
        assert_refused(await client.get("/api/auth/me", headers=odd), statuses=(401,))


async def test_a_key_that_was_used_for_another_request_is_a_conflict(ada, unchanged):
    key = {"Idempotency-Key": str(new_id())}
    assert (await upload(ada, b"one", **key)).status_code == 202
    async with unchanged():
        assert_refused(await upload(ada, b"two", **key), statuses=(409,))
