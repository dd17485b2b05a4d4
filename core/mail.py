"""Letters by SMTP: plain text, one recipient, over TLS where the server speaks it. `smtps://` is TLS from the first byte.

The standard library's client in a thread: some letters a minute need no more. A password goes out over TLS alone, but on
this machine.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from core.errors import ProviderAway

TIMEOUT_S: Final = 20.0
MOST_SUBJECT: Final = 150  # characters
_PORTS: Final = {"smtp": 587, "smtps": 465}
_PERMANENT: Final = 500  # from this code on a server means what it says


class Refused(Exception):
    """The server takes no such letter, now or later."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in, and by whom."""

    host: str
    port: int
    sender: str
    is_tls: bool = False
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """`id` is the same for each try, so that a mailbox may know a letter that came twice."""

    to: str
    subject: str
    text: str
    id: str


def mail_server(url: str, *, sender: str) -> MailServer:
    """Return what smtp://user:password@host:port names; ValueError with the reason."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(
            "is smtp://host or smtps://host, with user:password@ and :port where needed"
        )
    if "@" not in sender:
        raise ValueError("needs MAIL_FROM, the address that letters come from")
    return MailServer(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        sender=sender,
        is_tls=parts.scheme == "smtps",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


async def send(server: MailServer, letter: Letter) -> None:
    """Hand a letter in; Refused where it is never taken, ProviderAway where it may be later."""
    try:
        await asyncio.to_thread(_send, server, letter)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _judge(max(codes, default=0), error)
    except smtplib.SMTPResponseException as error:
        # Who may not sign in is the operator's to mend: the letter waits.
        is_ours = isinstance(error, smtplib.SMTPAuthenticationError)
        _judge(0 if is_ours else error.smtp_code, error)
    except (smtplib.SMTPException, OSError) as error:
        _judge(0, error)


def _judge(code: int, error: Exception) -> None:
    if code >= _PERMANENT:
        raise Refused(f"The mail server refused the letter ({code}).") from error
    raise ProviderAway(f"The mail server takes no letters now: {type(error).__name__}.") from error


def _send(server: MailServer, letter: Letter) -> None:
    tls = ssl.create_default_context()
    if server.is_tls:
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=tls)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    with client:
        client.ehlo()
        is_sealed = server.is_tls
        if not is_sealed and client.has_extn("starttls"):
            client.starttls(context=tls)
            client.ehlo()
            is_sealed = True
        if server.user:
            if not is_sealed and not _is_here(server.host):
                raise smtplib.SMTPNotSupportedError("no TLS for the password")
            client.login(server.user, server.password)
        client.send_message(written(server, letter), server.sender, [letter.to])


def written(server: MailServer, letter: Letter) -> EmailMessage:
    """Return the letter as it goes out; line breaks in a subject are spaces."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Recollect", addr_spec=server.sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = " ".join(letter.subject.split())[:MOST_SUBJECT]
    message["Message-ID"] = f"<{letter.id}@{server.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
