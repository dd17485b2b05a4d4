"""A client that writes down each acknowledged operation and at the end asks for every one of them (Jepsen's method).

A request whose answer is 503, or is lost, is sent again under the same client_id or Idempotency-Key until it is answered:
what the server did the first time must then be found, not done twice.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

GIVEN_UP_S = 150.0
AT_REST = {"ready", "partial", "no_text", "failed", "cancelled"}


@dataclass
class Journal:
    """`acknowledged` names messages and files by their text; `statuses` counts answers, 0 for none."""

    client: httpx.AsyncClient
    conversation_id: str
    messages: dict[str, str] = field(default_factory=dict)  # text -> id
    files: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)

    async def post_message(self, text: str) -> None:
        body = {"content": text, "client_id": text}
        path = f"/conversations/{self.conversation_id}/messages"
        answer = await self.until_answered("POST", path, json=body)
        self.messages[text] = answer.json()["id"]

    async def upload(self, name: str, data: bytes) -> None:
        headers = {"X-Filename": name, "Idempotency-Key": str(uuid4())}
        answer = await self.until_answered("POST", "/upload", content=data, headers=headers)
        self.files[name] = answer.json()["file"]["id"]

    async def until_answered(self, method: str, path: str, **request) -> httpx.Response:
        deadline = time.monotonic() + GIVEN_UP_S
        while time.monotonic() < deadline:
            try:
                answer = await self.client.request(method, path, **request)
            except httpx.TransportError:
                self.statuses[0] += 1
                await asyncio.sleep(0.2)
                continue
            self.statuses[answer.status_code] += 1
            if answer.is_success:
                self.answered_at.append(time.monotonic())
                return answer
            self._look_at(answer)
            await asyncio.sleep(
                random.uniform(0.5, 1) * float(answer.headers.get("Retry-After", 1))
            )
        raise AssertionError(f"{path} was not answered in {GIVEN_UP_S} s: {self.statuses}")

    def _look_at(self, answer: httpx.Response) -> None:
        """While a part is away the contract allows 503 in its envelope, and nothing else."""
        if answer.status_code != 503 or answer.json()["error"]["code"] != "UNAVAILABLE":
            self.odd.append(f"{answer.status_code} {answer.text}")
        elif "Retry-After" not in answer.headers:
            self.odd.append(f"no Retry-After: {answer.headers}")

    def longest_gap_s(self) -> float:
        """Return the longest time without any success."""
        times = sorted(self.answered_at)
        return max(b - a for a, b in itertools.pairwise(times))

    async def wait_until_at_rest(self, *, within_s: float) -> dict[str, dict]:
        """Wait until every file is searchable or has failed visibly; return them by name."""
        deadline = time.monotonic() + within_s
        while True:
            files = {file["name"]: file for file in await self.everything("/files")}
            if all(file["state"] in AT_REST for file in files.values()):
                return files
            assert time.monotonic() < deadline, Counter(f["state"] for f in files.values())
            await asyncio.sleep(0.3)

    async def everything(self, path: str) -> list[dict]:
        """Return a list's entries, page by page."""
        items, cursor = [], None
        while True:
            asked = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            page = (await self.client.get(path, params=asked)).raise_for_status().json()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def check(self, *, within_s: float = 150) -> None:
        """Every acknowledged message and file is there once, in order, and search finds it."""
        assert self.odd == []
        stored = await self.everything(f"/conversations/{self.conversation_id}/messages")
        assert {m["content"]: m["id"] for m in stored} == self.messages
        assert [m["seq"] for m in stored] == list(range(1, len(stored) + 1))
        files = await self.wait_until_at_rest(within_s=within_s)
        assert {name: file["id"] for name, file in files.items()} == self.files
        assert len(await self.everything("/files")) == len(self.files)
        failed = {n: f["reason"] for n, f in files.items() if f["state"] != "ready"}
        assert failed == {}
        for text, id_ in [*self.messages.items(), *self.files.items()][::7]:
            await self._found(text, id_)

    async def _found(self, text: str, id_: str) -> None:
        asked = {"q": text.partition(".")[0], "mode": "lexical", "limit": 20}
        answer = (await self.client.get("/search", params=asked)).raise_for_status().json()
        found = {hit["message_id"] or hit["file_id"]: hit["title"] for hit in answer["hits"]}
        assert id_ in found, f"{text}: {found}, without {answer['degraded']}"


async def open_journal(client: httpx.AsyncClient) -> Journal:
    made = (await client.post("/conversations", json={"title": "Journal"})).raise_for_status()
    return Journal(client, made.json()["id"])
