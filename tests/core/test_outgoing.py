"""No address inside is reached, however it is written; what an operator lets in is."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.outgoing import Called, is_public, look_up, post, url_problem
from tests.receiver import receiving

NOWHERE = frozenset[str]()
INSIDE = [
    "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.0.9", "169.254.169.254", "172.16.0.1",
    "172.31.255.1", "192.0.0.8", "192.0.2.7", "192.168.1.1", "198.18.0.1", "198.51.100.3", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:a9fe:a9fe", "::ffff:10.0.0.1", "::127.0.0.1",
    "::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:0:7f00:1::", "100::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::808:808"]  # fmt: skip


@pytest.mark.parametrize("text", INSIDE)
def test_addresses_that_not_everybody_reaches_are_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_addresses_that_everybody_reaches_are_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://hooks.example.org/x?y=1", None),
        ("http://hooks.example.org:443/", None),
        ("https://bücher.example/", None),
        ("ftp://hooks.example.org/", "is a whole http or https URL"),
        ("file:///etc/passwd", "is a whole http or https URL"),
        ("gopher://127.0.0.1:6379/_", "is a whole http or https URL"),
        ("//hooks.example.org/", "is a whole http or https URL"),
        ("https://", "is a whole http or https URL"),
        ("hook", "is a whole http or https URL"),
        ("https://ada:secret@hooks.example.org/", "must not hold a user or password"),
        ("https://8.8.8.8@127.0.0.1/", "must not hold a user or password"),
        ("https://hooks.example.org:8443/", "must use port 80 or 443"),
        ("http://hooks.example.org:6379/", "must use port 80 or 443"),
        ("http://127.0.0.1/", "must be a public address"),
        ("http://[::1]/", "must be a public address"),
        ("http://[::ffff:a9fe:a9fe]/", "must be a public address"),
        ("http://169.254.169.254/latest/meta-data/", "must be a public address"),
        ("https://hooks.example.org/" + "x" * 2048, "is longer than 2048 characters"),
        ("https://hooks.example.org:99999/", "must use port 80 or 443"),
        ("https://[::1", "is no URL"),
        ("http://10.0.0.5:8080/", None),
        ("http://10.0.0.5:8081/", "must use port 80 or 443"),
    ],
)
def test_an_address_is_judged_before_anything_is_sent(url, problem):
    assert url_problem(url, inside=frozenset({"10.0.0.5:8080"})) == problem


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
async def test_a_name_of_this_machine_is_refused_when_it_is_looked_up(host):
    assert (await post(f"http://{host}/", b"", headers={}, inside=NOWHERE)).status is None


async def test_one_address_inside_among_public_ones_refuses_them_all():
    async def resolve(host, port):
        return [ip_address("8.8.8.8"), ip_address("10.0.0.1")]

    called = await post("http://two.example/", b"", headers={}, inside=NOWHERE, resolve=resolve)
    assert called == Called(None, "The address is not public.")


async def test_the_connection_goes_to_the_address_that_was_judged(monkeypatch):
    """A second look-up would be answered with another address (DNS rebinding)."""
    asked = []

    async def resolve(host, port):
        asked.append((host, port))
        return [ip_address("127.0.0.1")]

    async with receiving() as receiver:
        url = f"http://hooks.invalid:{receiver.port}/hook"
        inside = frozenset({f"hooks.invalid:{receiver.port}"})
        called = await post(url, b"{}", headers={"A": "b"}, inside=inside, resolve=resolve)
    assert (called, asked) == (Called(200, ""), [("hooks.invalid", receiver.port)])
    (received,) = receiver.received
    assert (received.line, received.body) == ("POST /hook HTTP/1.1", b"{}")
    assert (received.headers["host"], received.headers["a"]) == (
        f"hooks.invalid:{receiver.port}",
        "b",
    )


async def test_a_redirect_is_an_answer_and_not_followed():
    async with (
        receiving() as other,
        receiving(302, extra=f"Location: {other.url}\r\n") as receiver,
    ):
        inside = frozenset({receiver.named, other.named})
        called = await post(receiver.url, b"", headers={}, inside=inside)
    assert (called, other.received) == (Called(302, "The answer was 302."), [])


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with receiving() as receiver:
        called = await post(receiver.url, b"", headers={}, inside=frozenset({receiver.named}))
    assert called == Called(200, "")


async def test_the_next_address_is_tried_when_one_does_not_answer():
    async def resolve(host, port):
        return [ip_address("::1"), ip_address("127.0.0.1")]

    async with receiving() as receiver:
        inside = frozenset({receiver.named})
        called = await post(receiver.url, b"", headers={}, inside=inside, resolve=resolve)
    assert called == Called(200, "")


async def test_what_goes_wrong_is_told():
    free = socket.create_server(("127.0.0.1", 0))
    named = f"127.0.0.1:{free.getsockname()[1]}"
    free.close()
    told = await post(f"http://{named}/", b"", headers={}, inside=frozenset({named}))
    assert told == Called(None, "The host could not be reached.")
    told = await post("http://nobody.invalid/", b"", headers={}, inside=NOWHERE)
    assert told == Called(None, "The host has no address.")


async def test_a_receiver_that_hangs_or_hangs_up_is_told():
    async def never(host, port):
        raise TimeoutError

    told = await post("http://slow.example/", b"", headers={}, inside=NOWHERE, resolve=never)
    assert told == Called(None, "There was no answer within 10 s.")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        named = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told = await post(f"http://{named}/", b"", headers={}, inside=frozenset({named}))
    assert told.status is None
    assert told.problem.startswith("The call failed: ")


async def test_tls_is_for_the_name_asked_for_and_not_for_an_unknown_certificate(tmp_path):
    """The name travels in SNI though the address is connected to; a certificate nobody vouches for ends the call."""
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path))
    context.sni_callback = lambda _, name, __: asked.append(name)

    async def resolve(host, port):
        return [ip_address("127.0.0.1")]

    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, ssl=context)
    async with server:
        named = f"hooks.invalid:{server.sockets[0].getsockname()[1]}"
        called = await post(
            f"https://{named}/", b"", headers={}, inside=frozenset({named}), resolve=resolve
        )
    assert (called, asked) == (Called(None, "The host could not be reached."), ["hooks.invalid"])


async def test_the_system_resolves_literals():
    assert await look_up("127.0.0.1", 80) == [ip_address("127.0.0.1")]


def _certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.invalid")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "pair.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
