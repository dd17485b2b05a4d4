"""All that can change in a conversation: each kind with what two people do, and every route that changes something."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from core.changes import ChangeKind
from tests.api.watching import post


@dataclass
class Talk:
    """A conversation of Ada's that Bob takes part in, with a question and an answer, before something changes."""

    id: str
    ada: httpx.AsyncClient
    bob: httpx.AsyncClient
    bob_id: str
    asked: str
    answered: str

    @property
    def path(self) -> str:
        return f"/api/conversations/{self.id}"


async def ok(answer: Awaitable[httpx.Response]) -> None:
    response = await answer
    assert response.is_success, response.text


async def created(talk: Talk) -> None:
    await post(talk.bob, talk.id, "Something new")
    await post(talk.ada, talk.id, "In between", parent_id=talk.asked)


async def edited(talk: Talk) -> None:
    await ok(talk.ada.patch(f"/api/messages/{talk.asked}", json={"content": "What, exactly?"}))


async def attached(talk: Talk) -> None:
    sent = await talk.ada.post("/api/upload", files={"file": ("a.txt", b"words", "text/plain")})
    file = sent.json()["file"]["id"]
    for words in ("See this", "And this again"):
        await post(talk.ada, talk.id, words, attachments=[file])
    await ok(talk.ada.put(f"/api/files/{file}/access", json={"principal": talk.bob_id}))
    await ok(talk.ada.delete(f"/api/files/{file}/access/{talk.bob_id}"))
    await ok(talk.ada.delete(f"/api/files/{file}"))
    await ok(talk.ada.post(f"/api/files/{file}/restore"))
    await ok(talk.ada.delete(f"/api/files/{file}", params={"hard": True}))


async def deleted(talk: Talk) -> None:
    await ok(talk.ada.put(f"/api/messages/{talk.asked}/pin"))
    await ok(talk.ada.delete(f"/api/messages/{talk.asked}"))
    await ok(talk.ada.delete(f"/api/messages/{talk.answered}"))


async def renamed(talk: Talk) -> None:
    await ok(talk.ada.patch(talk.path, json={"title": "Other plans"}))


async def binned(talk: Talk) -> None:
    await ok(talk.ada.delete(talk.path))


async def restored(talk: Talk) -> None:
    await binned(talk)
    await ok(talk.ada.post(f"{talk.path}/restore"))


async def changed_members(talk: Talk) -> None:
    await ok(talk.ada.put(f"{talk.path}/members", json={"principal": "workspace"}))
    await ok(talk.ada.patch(f"{talk.path}/members/{talk.bob_id}", json={"role": "owner"}))
    await ok(talk.bob.delete(f"{talk.path}/members/workspace"))


async def left_and_came_back(talk: Talk) -> None:
    await ok(talk.bob.delete(f"{talk.path}/members/{talk.bob_id}"))
    made = await talk.ada.post(f"{talk.path}/invites", json={"role": "reader"})
    await ok(talk.bob.post(f"/api/invites/{made.json()['token']}/accept"))


async def removed(talk: Talk) -> None:
    await ok(talk.bob.put(f"{talk.path}/read", json={"seq": 2}))
    workspace = f"/api/workspaces/{talk.ada.headers['X-Workspace']}"
    await ok(talk.ada.delete(f"{workspace}/members/{talk.bob_id}"))


async def marked(talk: Talk) -> None:
    await post(talk.bob, talk.id, "News")
    await ok(talk.ada.put(f"{talk.path}/read", json={"seq": 2}))


async def kept(talk: Talk) -> None:
    await ok(talk.ada.put(f"{talk.path}/quiet", json={"is_quiet": True}))
    await ok(talk.ada.patch(talk.path, json={"archived": True}))
    await ok(talk.bob.put(f"{talk.path}/quiet", json={"is_quiet": True}))


async def reacted(talk: Talk) -> None:
    for who in (talk.ada, talk.bob):
        await ok(who.put(f"/api/messages/{talk.asked}/reactions/👍"))
    await ok(talk.bob.delete(f"/api/messages/{talk.asked}/reactions/👍"))


async def pinned(talk: Talk) -> None:
    for message in (talk.asked, talk.answered):
        await ok(talk.ada.put(f"/api/messages/{message}/pin"))
    await ok(talk.ada.delete(f"/api/messages/{talk.asked}/pin"))


async def looked(talk: Talk) -> None:
    body = {"content": "Another answer", "branch": True}
    await ok(talk.bob.patch(f"/api/messages/{talk.answered}", json=body))
    await ok(talk.ada.put(f"{talk.path}/active-leaf", json={"message_id": talk.answered}))


async def asked(talk: Talk) -> None:
    await post(talk.ada, talk.id, "And now?", reply={"stream": False})


async def stopped(talk: Talk) -> None:
    run = (await post(talk.ada, talk.id, "And now?", reply={"stream": False}))["run"]["id"]
    await ok(talk.bob.post(f"/api/runs/{run}/stop"))


CASES: list[tuple[ChangeKind, Callable[[Talk], Awaitable[None]]]] = [
    ("message.created", created),
    ("message.edited", edited),
    ("message.edited", attached),
    ("message.deleted", deleted),
    ("conversation.updated", renamed),
    ("conversation.deleted", binned),
    ("conversation.restored", restored),
    ("member.changed", changed_members),
    ("member.changed", left_and_came_back),
    ("member.changed", removed),
    ("read.changed", marked),
    ("reaction.changed", reacted),
    ("pin.changed", pinned),
    ("leaf.changed", looked),
    ("own.changed", kept),
    ("run.started", asked),
    ("run.ended", stopped),
]

# Every route that changes something: the cases above (or tests below) that use it, or why no conversation changes by it.
CASE_OF = {
    "POST /conversations/{}/messages": "created",
    "PATCH /messages/{}": "edited looked",
    "DELETE /messages/{}": "deleted",
    "PATCH /conversations/{}": "renamed kept",
    "DELETE /conversations/{}": "binned",
    "POST /conversations/{}/restore": "restored",
    "PUT /conversations/{}/members": "changed_members",
    "PATCH /conversations/{}/members/{}": "changed_members",
    "DELETE /conversations/{}/members/{}": "changed_members left_and_came_back",
    "POST /invites/{}/accept": "left_and_came_back",
    "PUT /conversations/{}/read": "marked",
    "PUT /conversations/{}/quiet": "kept",
    "PUT /messages/{}/reactions/{}": "reacted",
    "DELETE /messages/{}/reactions/{}": "reacted",
    "PUT /messages/{}/pin": "pinned",
    "DELETE /messages/{}/pin": "pinned",
    "PUT /conversations/{}/active-leaf": "looked",
    "POST /runs/{}/stop": "stopped",
    "DELETE /workspaces/{}/members/{}": "removed",
    "PUT /files/{}/access": "attached test_of_the_attachments_each_is_shown_what_he_may_open",
    "DELETE /files/{}/access/{}": "attached",
    "DELETE /files/{}": "attached",
    "POST /files/{}/restore": "attached",
    "POST /messages/{}/regenerate": "test_who_asks_again_is_told_that_he_reads_the_new_reply",
    "POST /messages/{}/side-by-side": "test_who_asks_again_is_told_that_he_reads_the_new_reply",
}
NO_CASE = {
    "POST /conversations/{}/members": "writes what PUT writes, and refuses who is in already",
    "POST /conversations/{}/invites": "a link is its owner's, and changes who takes part when it is accepted",
    "DELETE /conversations/{}/invites/{}": "whom it let in stays",
    "POST /conversations": "makes a new one, which nobody watches yet",
    "POST /conversations/{}/fork": "makes a new one",
    "POST /conversations/import": "makes a new one",
    "PUT /conversations/{}/tags": "what it is found by; a conversation does not tell its tags",
    "PUT /messages/{}/feedback": "a thumb is its person's, and told with the run",
    "POST /messages/{}/trace/replay": "writes nothing",
    "POST /files/from-url": "a new file",
    "POST /files/{}/retry": "a file tells its own topic",
    "POST /files/{}/cancel": "a file tells its own topic",
    "POST /files/{}/reprocess": "a file tells its own topic",
    "POST /files/reprocess": "a file tells its own topic",
    "POST /files/{}/versions/{}/restore": "another version of a file, which tells its own topic",
    "PUT /files/{}/content": "another version of a file, which tells its own topic",
    "PUT /files/{}/tags": "what it is found by",
    "POST /workspaces": "makes a new one",
    "POST /workspaces/{}/members": "lets into no conversation by itself",
    "PATCH /workspaces/{}/members/{}": "a guest loses what all members see: he is told (test_event_stream.py), who takes part stays",
}
ELSEWHERE = {
    "/auth/": "sessions and passwords; nothing renames an account",
    "/realtime/": "tickets",
    "/search": "questions",
    "/saved-searches": "its person's own, told as notifications",
    "/notifications": "its person's own, told as notifications",
    "/webhooks": "its person's own",
    "/upload": "a file tells its own topic",
    "/direct-uploads": "a file tells its own topic",
    "/admin/": "the installation",
}
