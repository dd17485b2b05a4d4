"""The HTTP client of the command line: the routes that its commands ask, with typed answers and our own errors.

A refusal is a CallerError in the API's words; an API that is away or busy is Unavailable, and waited for by whoever may.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from app.client_shapes import (
    Accepted,
    Arrived,
    Created,
    DeadJob,
    Envelope,
    FoundFile,
    ImportedConversation,
    IndexGeneration,
    Job,
    ListPage,
    Login,
    Me,
    Part,
    PlacedFile,
    PlacedFiles,
    Posted,
    Reprocess,
    Reprocessed,
    Requeued,
    Run,
    StreamEvent,
    Upload,
)
from core.errors import CallerError, NotFound, NotSignedIn, RecollectError, Unavailable

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 60.0  # also the longest silence of a stream, whose heart beats every 15 s
TRIES = 6  # of what may be repeated, while the API is away or busy
LONGEST_WAIT_S = 30.0
_BUSY = {423, 429, 502, 503, 504}
TUS = {"Tus-Resumable": "1.0.0"}
_GENERATIONS = "/api/v1/admin/generations"
_ADMIN_JOBS = "/api/v1/admin/jobs"
_MOST = 100  # of one page of a list

Shape = TypeVar("Shape", bound=BaseModel)
Parameters = dict[str, str | int | Sequence[str]]


@asynccontextmanager
async def open_client(url: str, *, token: str | None) -> AsyncGenerator["Client"]:
    """Lend a client of the API at `url`."""
    headers = {"User-Agent": "recollect"} | ({"Authorization": f"Bearer {token}"} if token else {})
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout)
    except httpx.InvalidURL as error:
        raise CallerError(f"{url} is no address: write it like http://127.0.0.1:4512") from error
    async with http:
        yield Client(http, url.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Client:
    """The API at one address, as one account. GETs wait for an API that is away; the rest fail at once."""

    http: httpx.AsyncClient
    url: str

    async def check(self) -> None:
        """Raise when nobody answers there, or does not know our token."""
        await self._send(self.http.build_request("GET", "/api/v1/auth/me"))

    async def login(self, email: str, password: str) -> str:
        """Return a new token of the account."""
        body = {"email": email, "password": password}
        return read_as(await self._post("/api/v1/auth/login?token=true", body), Login).token

    async def logout(self) -> None:
        """End the session of our token."""
        await self._post("/api/v1/auth/logout")

    async def account_id(self) -> UUID:
        """Return who we are."""
        return read_as(await self._get("/api/v1/auth/me"), Me).id

    async def files_of(
        self, owner_id: UUID, *, sha256: str, folder: str, name: str
    ) -> Sequence[FoundFile]:
        """Return somebody's files of exactly these bytes at this place."""
        asked: Parameters = {"sha256": sha256, "name": name, "parent": "none", "limit": _MOST}
        found = read_as(await self._get("/api/v1/files", asked), ListPage[FoundFile]).items
        wanted = (owner_id, folder, name)
        return [file for file in found if (file.owner_id, file.folder, file.name) == wanted]

    async def file(self, file_id: UUID) -> FoundFile:
        return read_as(await self._get(f"/api/v1/files/{file_id}"), FoundFile)

    async def file_at(self, folder: str, name: str) -> PlacedFile | None:
        """Return the newest file of our own with this name in this folder."""
        cursor: str | None = None
        while True:
            asked: Parameters = {"name": name, "parent": "none", "limit": _MOST}
            answer = await self._get(
                "/api/v1/files", asked | ({"cursor": cursor} if cursor else {})
            )
            page = read_as(answer, PlacedFiles)
            for file in page.items:
                if (file.folder, file.name, file.can_write) == (folder, name, True):
                    return file
            if (cursor := page.next_cursor) is None:
                return None

    async def upload(self, upload: Upload, content: AsyncIterator[bytes]) -> UUID:
        """Send a new file and return its id; a body that is cut leaves nothing there."""
        return await self._upload("POST", "/api/v1/upload", upload, content)

    async def replace(self, file_id: UUID, upload: Upload, content: AsyncIterator[bytes]) -> None:
        """Send a new version of a file; a body that is cut leaves the old one."""
        await self._upload("PUT", f"/api/v1/files/{file_id}/content", upload, content)

    async def retry_file(self, file_id: UUID, password: str = "") -> None:
        """Have a file read again that failed, with what it is opened with."""
        body = {"password": password} if password else None
        await self._post(f"/api/v1/files/{file_id}/retry", body)

    async def delete_file(self, file_id: UUID) -> None:
        """Put a file into the bin."""
        await self._send(self.http.build_request("DELETE", f"/api/v1/files/{file_id}"))

    async def begin_upload(self, upload: Upload) -> str:
        """Begin an upload that can go on where it was cut; return its address."""
        named = {"filename": upload.name, "folder": upload.folder}
        pairs = [f"{k} {b64encode(text.encode()).decode()}" for k, text in named.items() if text]
        length = {"Upload-Length": str(upload.size_bytes), "Upload-Metadata": ",".join(pairs)}
        request = self.http.build_request("POST", "/api/v1/uploads", headers=TUS | length)
        return (await self._send(request)).headers["location"]

    async def arrived(self, address: str, password: str = "") -> Arrived | None:
        """Return how much of an upload is there; None when it has expired or was ended."""
        with _away_is_unavailable(self.url):
            answer = await self.http.head(address, headers=TUS | _opening(password))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.is_error:
            raise refusal(answer)
        return _arrived(answer)

    async def append(self, address: str, content: AsyncIterator[bytes], *, part: Part) -> Arrived:
        """Send the next part of an upload; of one that is cut the beginning is kept."""
        named = {
            "Upload-Offset": str(part.offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(part.size_bytes),
            **_opening(part.password),
        }
        request = self.http.build_request("PATCH", address, headers=TUS | named, content=content)
        return _arrived(await self._send(request))

    async def search(self, parameters: Parameters) -> bytes:
        """Return the answer as JSON: a `Found`."""
        return (await self._get("/api/v1/search", parameters)).content

    async def create_conversation(self) -> UUID:
        return read_as(await self._post("/api/v1/conversations", {}), Created).id

    async def export(self, conversation_id: UUID, form: str) -> AsyncGenerator[bytes]:
        """Yield a conversation's file; one that breaks off raises Unavailable."""
        path = f"/api/v1/conversations/{conversation_id}/export"
        with _away_is_unavailable(self.url):
            async with self.http.stream("GET", path, params={"format": form}) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise refusal(answer)
                async for piece in answer.aiter_bytes():
                    yield piece

    async def import_conversation(self, content: bytes) -> ImportedConversation:
        request = self.http.build_request(
            "POST", "/api/v1/conversations/import", content=content,
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        return read_as(await self._send(request), ImportedConversation)

    async def ask(self, conversation_id: UUID, question: str, *, model: str | None) -> UUID:
        """Post a question and have it answered; return the run to follow."""
        body = {"content": question, "reply": {"model": model}}
        path = f"/api/v1/conversations/{conversation_id}/messages"
        return read_as(await self._post(path, body), Posted).run.id

    async def follow(self, run_id: UUID) -> AsyncGenerator[StreamEvent]:
        """Yield a run's events to the last one, however often the connection breaks in between."""
        after, tries = 0, 0
        while True:
            try:
                async for event in self._events(run_id, after):
                    after, tries = event.id or after, 0
                    yield event
                    if event.kind == "run.done":
                        return
            except Unavailable as error:
                await wait_for_it(error, tries)
                tries += 1

    async def run(self, run_id: UUID) -> Run:
        return read_as(await self._get(f"/api/v1/runs/{run_id}"), Run)

    async def stop(self, run_id: UUID) -> None:
        """Stop a run; what it has written is kept."""
        await self._post(f"/api/v1/runs/{run_id}/stop")

    async def jobs(self, states: Sequence[str]) -> Sequence[Job]:
        """Return the newest jobs in these states."""
        answer = await self._get("/api/v1/jobs", {"state": states, "limit": _MOST})
        return read_as(answer, ListPage[Job]).items

    async def job(self, job_id: UUID) -> Job:
        return read_as(await self._get(f"/api/v1/jobs/{job_id}"), Job)

    async def reprocess(self, wanted: Reprocess) -> Reprocessed:
        """Have a page of files read again."""
        body = wanted.model_dump(mode="json")
        return read_as(await self._post("/api/v1/files/reprocess", body), Reprocessed)

    async def reprocess_file(self, file_id: UUID, only: str) -> None:
        await self._post(f"/api/v1/files/{file_id}/reprocess", {"only": only})

    async def dead_jobs(self) -> Sequence[DeadJob]:
        """Return the newest dead jobs of all members."""
        answer = await self._get(_ADMIN_JOBS, {"state": "dead", "limit": _MOST})
        return read_as(answer, ListPage[DeadJob]).items

    async def requeue(self, job_id: UUID) -> None:
        await self._post(f"{_ADMIN_JOBS}/{job_id}/requeue")

    async def requeue_dead(self) -> Requeued:
        """Have dead jobs done again, as many as one request takes."""
        return read_as(await self._post(f"{_ADMIN_JOBS}/requeue"), Requeued)

    def act_in(self, workspace_id: str | None) -> None:
        """Have every further request act in that workspace instead of the personal one."""
        if workspace_id is not None:
            self.http.headers["X-Workspace"] = workspace_id

    async def generations(self) -> Sequence[IndexGeneration]:
        """Return the generations of the index, newest first."""
        return read_as(await self._get(_GENERATIONS), ListPage[IndexGeneration]).items

    async def build_generation(self, model: str) -> IndexGeneration:
        return read_as(await self._post(_GENERATIONS, {"model": model}), IndexGeneration)

    async def move_generation(self, generation_id: UUID, move: str) -> IndexGeneration:
        """Promote, pause or resume a generation."""
        return read_as(await self._post(f"{_GENERATIONS}/{generation_id}/{move}"), IndexGeneration)

    async def roll_back(self) -> IndexGeneration:
        return read_as(await self._post(f"{_GENERATIONS}/rollback"), IndexGeneration)

    async def drop_generation(self, generation_id: UUID) -> None:
        await self._send(self.http.build_request("DELETE", f"{_GENERATIONS}/{generation_id}"))

    async def _events(self, run_id: UUID, after: int) -> AsyncGenerator[StreamEvent]:
        path = f"/api/v1/runs/{run_id}/events"
        with _away_is_unavailable(self.url):
            async with self.http.stream("GET", path, params={"after": after}) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise refusal(answer)
                async for event in read_events(answer.aiter_lines()):
                    yield event
        raise Unavailable("The stream ended early.", retry_after_s=0.5)

    async def _get(self, path: str, parameters: Parameters | None = None) -> httpx.Response:
        tries = 0
        while True:
            try:
                return await self._send(self.http.build_request("GET", path, params=parameters))
            except Unavailable as error:
                await wait_for_it(error, tries)
                tries += 1

    async def _upload(
        self, method: str, path: str, upload: Upload, content: AsyncIterator[bytes]
    ) -> UUID:
        headers = {
            "X-Filename": quote(upload.name, safe=""),
            "X-Folder": quote(upload.folder),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(upload.size_bytes),
            **_opening(upload.password),
        }
        request = self.http.build_request(method, path, headers=headers, content=content)
        return read_as(await self._send(request), Accepted).file.id

    async def _post(self, path: str, body: object = None) -> httpx.Response:
        return await self._send(self.http.build_request("POST", path, json=body))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        with _away_is_unavailable(self.url):
            answer = await self.http.send(request)
        if answer.is_error:
            raise refusal(answer)
        return answer


def _opening(password: str) -> dict[str, str]:
    return {"X-File-Password": quote(password, safe="")} if password else {}


def _arrived(answer: httpx.Response) -> Arrived:
    file_id = answer.headers.get("x-file-id")
    return Arrived(int(answer.headers["upload-offset"]), UUID(file_id) if file_id else None)


async def wait_for_it(error: Unavailable, tries: int) -> None:
    """Wait before the next try, as long as the API asks for; after the last one raise the error."""
    if tries + 1 >= TRIES:
        raise error
    await asyncio.sleep(min(error.retry_after_s or 0.5 * 2**tries, LONGEST_WAIT_S))


def refusal(answer: httpx.Response) -> RecollectError:
    """Return the error that an answer stands for, in the API's own words where it has some."""
    try:
        message = Envelope.model_validate_json(answer.content).error.message
    except ValidationError:
        message = f"{answer.url} answered {answer.status_code}: is this the address of Recollect?"
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return NotSignedIn(message)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(message)
    if answer.status_code in _BUSY:
        seconds = answer.headers.get("retry-after", "")
        return Unavailable(message, retry_after_s=float(seconds) if seconds.isdecimal() else None)
    return RecollectError(message) if answer.is_server_error else CallerError(message)


async def read_events(lines: AsyncIterator[str]) -> AsyncGenerator[StreamEvent]:
    """Yield server-sent events of our own form: one line of data each."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line and "event" in fields:
            number = int(fields["id"]) if "id" in fields else None
            yield StreamEvent(number, fields["event"], fields.get("data", ""))
        if not line:
            fields = {}
        name, _, value = line.partition(": ")
        fields[name] = value


@contextmanager
def _away_is_unavailable(url: str) -> Generator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Unavailable(
            f"{url} does not answer ({str(error) or type(error).__name__}): "
            "start Recollect there with `make run`, or name another address with --url"
        ) from error


def read_as(answer: httpx.Response, shape: type[Shape]) -> Shape:
    """Return an answer's body as `shape`."""
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        raise RecollectError(
            f"{answer.url} answered what this version does not understand: update the older of the two"
        ) from error
