"""Calls to addresses that a person named: public ones only, however they are written (docs/ARCHITECTURE.md, One saved search).

A name is resolved once. Unless every address is public after unwrapping (v4-mapped, 6to4, NAT64, Teredo) nothing is sent,
and the connection goes to the very address that was judged, so that a second look-up cannot change it. No redirects, no
proxies, a deadline; of the answer only the status is read. Hosts of the operator's own network are let in by name.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

TIMEOUT_S: Final = 10.0  # of the whole call
MAX_URL: Final = 2048
MOST_ADDRESSES: Final = 4  # of one host that are tried
PORTS: Final = {"http": 80, "https": 443}
# What `is_global` of some versions of Python lets through.
_SPECIAL: Final = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "64:ff9b:1::/48", "100::/64", "3fff::/20", "5f00::/16", "fec0::/10"),
    )
)
_EMBEDDING: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))  # NAT64, v4-compatible

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]


@dataclass(frozen=True, slots=True)
class Called:
    """How a call went: the status, or None where there was no answer; `problem` is empty after a 2xx."""

    status: int | None
    problem: str


def url_problem(url: str, *, inside: frozenset[str]) -> str | None:
    """Return why an address is never called, in words that follow a field's name, or None.

    `inside` are the operator's own `host:port`, which need not be public.
    """
    if len(url) > MAX_URL:
        return f"is longer than {MAX_URL} characters"
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "is no URL"
    if read.scheme not in PORTS or not read.host:
        return "is a whole http or https URL"
    if read.userinfo:
        return "must not hold a user or password"
    if named(read) not in inside:
        if port_of(read) not in PORTS.values():
            return "must use port 80 or 443"
        if (literal := _literal(read.host)) is not None and not is_public(literal):
            return "must be a public address"
    return None


def is_public(address: Address) -> bool:
    """Say whether an address, and each that it stands for, is one that anybody can reach."""
    if isinstance(address, IPv6Address) and (inner := _inner(address)):
        return all(is_public(part) for part in inner)
    special = address.is_multicast or any(address in network for network in _SPECIAL)
    return address.is_global and not special


async def look_up(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, in the order the system prefers; OSError when it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


async def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    inside: frozenset[str],
    resolve: Resolve = look_up,
) -> Called:
    """Send `body` if the address may be called; whatever happens is told in the answer."""
    if problem := url_problem(url, inside=inside):
        return Called(None, f"The address {problem}.")
    read = httpx.URL(url)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            addresses = await resolve(read.host, port_of(read))
            if named(read) not in inside and not all(map(is_public, addresses)):
                return Called(None, "The address is not public.")
            return await _send(read, addresses, body=body, headers=headers)
    except TimeoutError:
        return Called(None, f"There was no answer within {TIMEOUT_S:.0f} s.")
    except OSError:
        return Called(None, "The host has no address.")
    except (httpx.HTTPError, UnicodeError) as error:
        return Called(None, f"The call failed: {type(error).__name__}.")


async def _send(
    url: httpx.URL, addresses: list[Address], *, body: bytes, headers: Mapping[str, str]
) -> Called:
    async with httpx.AsyncClient(verify=tls(), trust_env=False, timeout=TIMEOUT_S) as client:
        for address in addresses[:MOST_ADDRESSES]:
            request = client.build_request(
                "POST",
                url.copy_with(host=str(address)),
                content=body,
                headers={**headers, "Host": url.netloc.decode()},
                extensions={"sni_hostname": url.raw_host.decode()},
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                continue
            await response.aclose()
            told = "" if response.is_success else f"The answer was {response.status_code}."
            return Called(response.status_code, told)
    return Called(None, "The host could not be reached.")


@cache
def tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def port_of(url: httpx.URL) -> int:
    return url.port or PORTS[url.scheme]


def named(url: httpx.URL) -> str:
    return f"{url.host}:{port_of(url)}"


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _inner(address: IPv6Address) -> list[Address]:
    """Return the IPv4 addresses that an IPv6 address leads to."""
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return list(address.teredo)
    if any(address in network for network in _EMBEDDING):
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    return []
