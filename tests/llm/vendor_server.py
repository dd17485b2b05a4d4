"""A scripted HTTP server on loopback that speaks both vendors' wire formats, with the faults that vendors have.

`async with vendor_server(Reply(), Reply(fault="stall")) as vendor:` answers the first chat request with the first
reply, the second with the second, later ones with the last. The path decides the format."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from llm.chat import ChatEvent, ModelRefused, ModelUnavailable

Fault = Literal[
    "no_first_token",
    "stall",
    "rate_limit",
    "server_error",
    "bad_request",
    "unauthorised",
    "error_inside",
    "malformed",
    "wrong_shape",
    "duplicate_start",
    "duplicate_chunk",
    "out_of_order",
    "eof",
    "cut",
    "huge_event",
    "bad_utf8",
    "deep_nesting",
    "byte_by_byte",
    "stall_after_end",
]
STATUS: dict[str, int] = {
    "rate_limit": 429,
    "server_error": 500,
    "bad_request": 400,
    "unauthorised": 401,
}
HUGE_BYTES = 10 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """`fault` happens after `before_fault` words; `message` is an error's text."""

    words: tuple[str, ...] = ("Hello", " wörld", "!")
    fault: Fault | None = None
    before_fault: int = 1
    retry_after: str = ""
    message: str = "no"
    finish: str = ""
    pause_s: float = 0
    cites: tuple[
        tuple[int, str], ...
    ] = ()  # Anthropic: index of the document and words, at the end
    thoughts: int = 0  # signs of thinking before the first word


@dataclass(slots=True)
class Vendor:
    """`script` may be changed while the server runs."""

    base_url: str
    script: tuple[Reply, ...]
    requests: list[dict[str, object]] = field(default_factory=list)
    under_way: int = 0
    most_at_once: int = 0
    client_left: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def vendor_server(*script: Reply, socket: Path | None = None) -> AsyncGenerator[Vendor, None]:
    """With a `socket` it listens there, as the server of the local model does, and has no address."""
    vendor = Vendor("", script)

    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            serving[task] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _answer(reader, writer, vendor)
        writer.close()

    if socket is None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        vendor.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(serve, socket)
    try:
        yield vendor
    finally:
        server.close()
        for writer in serving.values():
            writer.transport.abort()  # what still stalls sees its client leave
        await asyncio.gather(*serving)


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    vendor: Vendor,
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ", 2)[1]
    if path.endswith("/models"):
        models = {"object": "list", "data": [{"id": "fake", "object": "model"}]}
        return await _whole(writer, 200, json.dumps(models), "")
    length = next(
        (
            int(h.split(":")[1])
            for h in head.split("\r\n")
            if h.lower().startswith("content-length")
        ),
        0,
    )
    vendor.requests.append(json.loads(await reader.readexactly(length)))
    vendor.under_way += 1
    vendor.most_at_once = max(vendor.most_at_once, vendor.under_way)
    try:
        await _reply(reader, writer, vendor, wire=path.rpartition("/")[2])
    finally:
        vendor.under_way -= 1
    return None


async def _reply(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, vendor: Vendor, *, wire: str
) -> None:
    reply = vendor.script[min(len(vendor.requests), len(vendor.script)) - 1]
    if reply.fault in STATUS:
        error = {"type": "error", "error": {"type": "some_error", "message": reply.message}}
        return await _whole(writer, STATUS[reply.fault], json.dumps(error), reply.retry_after)
    leaving = asyncio.create_task(_watch(reader, vendor))
    try:
        wires = {"messages": anthropic_frames, "responses": responses_frames}
        frames = wires.get(wire, openai_frames)
        await _stream(writer, reply, frames(reply), leaving)
    finally:
        leaving.cancel()
    return None


async def _watch(reader: asyncio.StreamReader, vendor: Vendor) -> None:
    with suppress(ConnectionError):
        await reader.read()
    vendor.client_left.set()


async def _whole(writer: asyncio.StreamWriter, status: int, body: str, retry_after: str) -> None:
    extra = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    writer.write(
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n{extra}"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
    )
    await writer.drain()


async def _stream(
    writer: asyncio.StreamWriter, reply: Reply, frames: list[bytes], leaving: asyncio.Task[None]
) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    for frame in frames:
        if frame == STALL:
            await writer.drain()
            return await leaving
        if frame == CUT:
            return writer.transport.abort()
        step = 1 if reply.fault in {"byte_by_byte", "bad_utf8"} else 65_536
        for at in range(0, len(frame), step):
            part = frame[at : at + step]
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
        await asyncio.sleep(reply.pause_s)
    writer.write(b"0\r\n\r\n")
    return await writer.drain()


STALL, CUT = b"<stall>", b"<cut>"


async def collect(events: AsyncGenerator[ChatEvent, None]) -> tuple[list[ChatEvent], str]:
    """Return what came, and how it ended: the error's message, or "ended"."""
    seen: list[ChatEvent] = []
    try:
        async for event in events:
            seen.append(event)  # noqa: PERF401  (what came before an error is kept)
    except (ModelUnavailable, ModelRefused) as error:
        return seen, error.message
    return seen, "ended"


def openai_frames(reply: Reply) -> list[bytes]:
    def chunk(delta: dict[str, str], finish: str | None = None, reply_id: str = "c1") -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data({"id": reply_id, "object": "chat.completion.chunk", "choices": [choice]})

    usage = {"prompt_tokens": 11, "completion_tokens": len(reply.words), "total_tokens": 0}
    words = [chunk({"content": word}) for word in reply.words]
    wrong = {
        "error_inside": _data({"error": {"message": "overloaded", "type": "server_error"}}),
        "wrong_shape": _data({"id": "c1", "choices": [{"index": 0, "delta": {"content": 5}}]}),
        "duplicate_start": chunk({"content": "?"}, reply_id="c2"),
        "out_of_order": chunk({}, "stop") + chunk({"content": "late"}),
        "huge_event": chunk({"content": "x" * HUGE_BYTES}),
    }
    thoughts = [chunk({"reasoning_content": "Hm."})] * reply.thoughts
    start = [chunk({"role": "assistant", "content": ""}), *thoughts]
    end = [chunk({}, reply.finish or "stop")]
    counts = [_data({"id": "c1", "choices": [], "usage": usage}), b"data: [DONE]\n\n"]
    return _with_fault(reply, [start, words, end, counts], wrong)


def anthropic_frames(reply: Reply) -> list[bytes]:
    def event(kind: str, **fields: object) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **fields})

    def text(word: str, index: int = 0) -> bytes:
        delta = {"type": "text_delta", "text": word}
        return event("content_block_delta", index=index, delta=delta)

    def cited(place: int, words: str) -> bytes:
        citation = {
            "type": "char_location", "cited_text": words, "document_index": place, "document_title": None,
            "start_char_index": 0, "end_char_index": len(words),
        }  # fmt: skip
        return event(
            "content_block_delta", index=0, delta={"type": "citations_delta", "citation": citation}
        )

    thought = {"type": "thinking_delta", "thinking": "Hm."}
    message = {"id": "m1", "role": "assistant", "content": [], "usage": {"input_tokens": 11}}
    start = event("message_start", message=message)
    wrong = {
        "error_inside": event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
        "wrong_shape": event(
            "content_block_delta", index=0, delta={"type": "text_delta", "text": 5}
        ),
        "duplicate_start": start,
        "out_of_order": text("?", index=7),
        "huge_event": text("x" * HUGE_BYTES),
    }
    block = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    delta = {"stop_reason": reply.finish or "end_turn"}
    counts = event("message_delta", delta=delta, usage={"output_tokens": len(reply.words)})
    thinking = [event("content_block_delta", index=0, delta=thought)] * reply.thoughts
    opening = [start, event("ping"), block, *thinking]
    said = [cited(place, words) for place, words in reply.cites]
    ending = [*said, event("content_block_stop", index=0), counts]
    return _with_fault(
        reply, [opening, [text(w) for w in reply.words], ending, [event("message_stop")]], wrong
    )


def responses_frames(reply: Reply) -> list[bytes]:
    numbers = iter(range(10_000))

    def event(kind: str, number: int | None = None, **fields: object) -> bytes:
        seq = next(numbers) if number is None else number
        return f"event: {kind}\n".encode() + _data({"type": kind, "sequence_number": seq, **fields})

    def text(word: object, number: int | None = None) -> bytes:
        kind = "response.output_text.delta"
        return event(kind, number, delta=word, item_id="i1", output_index=0, content_index=0)

    def thought() -> bytes:
        kind = "response.reasoning_summary_text.delta"
        return event(kind, delta="Hm.", item_id="i0", output_index=0, summary_index=0)

    response: dict[str, object] = {
        "id": "r1",
        "object": "response",
        "output": [],
        "usage": None,
        "error": None,
    }
    usage = {"input_tokens": 11, "output_tokens": len(reply.words), "total_tokens": 0}
    why = {"reason": reply.finish} if reply.finish else None
    start = event("response.created", response={**response, "incomplete_details": None})
    opening = [start, *(thought() for _ in range(reply.thoughts))]
    words = [text(word) for word in reply.words]
    failed = {**response, "error": {"code": "server_error", "message": "overloaded"}}
    wrong = {
        "error_inside": event("response.failed", response={**failed, "incomplete_details": None}),
        "wrong_shape": text(5),
        "duplicate_start": start,
        "out_of_order": text("late", 0),
        "huge_event": text("x" * HUGE_BYTES),
    }
    ended = {**response, "usage": usage, "incomplete_details": why}
    last = event("response.incomplete" if why else "response.completed", response=ended)
    return _with_fault(reply, [opening, words, [], [last]], wrong)


def _with_fault(reply: Reply, stages: list[list[bytes]], wrong: dict[str, bytes]) -> list[bytes]:
    start, words, end, last = stages
    told = words[: reply.before_fault]
    whole = [*start, *words, *end, *last]
    ends: dict[str, list[bytes]] = {
        "byte_by_byte": whole,
        "no_first_token": [*start, STALL],
        "stall": [*start, *told, STALL],
        "eof": [*start, *told],
        "cut": [*start, *told, CUT],
        "stall_after_end": [*start, *words, *end, STALL],
    }
    if reply.fault is None or reply.fault in ends:
        return ends.get(reply.fault or "", whole)
    inserted = (UNREADABLE | wrong | {"duplicate_chunk": b"".join(told[-1:])})[reply.fault]
    return [*start, *told, inserted, *words[reply.before_fault :], *end, *last]


UNREADABLE = {
    "malformed": b'event: ping2\ndata: {"id": "c1", "choi\n\n',
    "deep_nesting": b"event: message_start\ndata: " + b"[" * 500_000 + b"\n\n",
    "bad_utf8": b'event: ping2\ndata: {"id": "\xff\xfe"}\n\n',
}


def _data(value: dict[str, object]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
