"""Fetching an address that a person named: public ones only, each redirect judged anew, bounded in time (core/outgoing.py).

What comes is passed on as it is: compressed bodies are refused, for a small one may hold a large one. How many bytes are taken is
bounded by whoever stores them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message
from typing import Final
from urllib.parse import unquote

import httpx

from core.errors import InvalidInput
from core.outgoing import (
    MOST_ADDRESSES,
    TIMEOUT_S,
    Address,
    Resolve,
    is_public,
    look_up,
    named,
    port_of,
    tls,
    url_problem,
)

MOST_REDIRECTS: Final = 3
# What documents come as; sound, video and pieces of forms are no documents.
_KINDS: Final = ("text/", "message/", "image/", "application/")


@dataclass(frozen=True, slots=True)
class Fetched:
    """The beginning of an answer: what the file would be called, and its bytes as they arrive."""

    name: str
    content: AsyncIterator[bytes]


@asynccontextmanager
async def fetched(
    url: str, *, inside: frozenset[str], resolve: Resolve = look_up
) -> AsyncGenerator[Fetched]:
    """Open an address for reading; InvalidInput says why it cannot be. TIMEOUT_S holds to the end of the block."""
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(verify=tls(), trust_env=False, timeout=TIMEOUT_S) as client,
        ):
            response = await _answer(client, url, inside=inside, resolve=resolve)
            try:
                yield Fetched(_name(response, url), response.aiter_raw())
            finally:
                await response.aclose()
    except TimeoutError:
        raise _refused(f"did not come within {TIMEOUT_S:.0f} s") from None
    except (httpx.HTTPError, UnicodeError) as error:
        raise _refused(f"could not be read ({type(error).__name__})") from error


async def _answer(
    client: httpx.AsyncClient, url: str, *, inside: frozenset[str], resolve: Resolve
) -> httpx.Response:
    for _ in range(MOST_REDIRECTS + 1):
        response = await _sent(client, url, inside=inside, resolve=resolve)
        if not response.has_redirect_location:
            return await _usable(response)
        await response.aclose()
        try:
            url = str(httpx.URL(url).join(response.headers["location"]))
        except httpx.InvalidURL:
            raise _refused("leads to what is no URL") from None
    raise _refused(f"leads on more than {MOST_REDIRECTS} times")


async def _sent(
    client: httpx.AsyncClient, url: str, *, inside: frozenset[str], resolve: Resolve
) -> httpx.Response:
    if problem := url_problem(url, inside=inside):
        raise _refused(problem)
    read = httpx.URL(url)
    for address in (await _judged(read, inside=inside, resolve=resolve))[:MOST_ADDRESSES]:
        request = client.build_request(
            "GET",
            read.copy_with(host=str(address)),
            headers={"Host": read.netloc.decode(), "Accept-Encoding": "identity"},
            extensions={"sni_hostname": read.raw_host.decode()},
        )
        try:
            return await client.send(request, stream=True)
        except httpx.ConnectError:
            continue
    raise _refused("could not be reached")


async def _judged(read: httpx.URL, *, inside: frozenset[str], resolve: Resolve) -> list[Address]:
    try:
        addresses = await resolve(read.host, port_of(read))
    except OSError:
        raise _refused("has a host without an address") from None
    if named(read) not in inside and not all(map(is_public, addresses)):
        raise _refused("must be a public address")
    return addresses


async def _usable(response: httpx.Response) -> httpx.Response:
    kind = response.headers.get("content-type", "application/octet-stream").lower()
    problem = ""
    if not response.is_success:
        problem = f"answered {response.status_code}"
    elif response.headers.get("content-encoding", "identity").lower() != "identity":
        problem = "came compressed, though it was not asked to"
    elif not kind.startswith(_KINDS):
        problem = f"is no document ({kind.partition(';')[0][:100]})"
    if problem:
        await response.aclose()
        raise _refused(problem)
    return response


def _name(response: httpx.Response, url: str) -> str:
    """Return the name that the answer gives itself, else the last part of the address, else its host."""
    said = Message()
    said["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = unquote(httpx.URL(url).path.rstrip("/").rpartition("/")[2])
    return said.get_filename() or last or httpx.URL(url).host


def _refused(problem: str) -> InvalidInput:
    return InvalidInput.of("url", problem)
