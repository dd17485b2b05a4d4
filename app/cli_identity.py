"""As whom the command line speaks, and to which address.

By a token: of --token, RECOLLECT_TOKEN or `recollect login`. Without one, on the machine of a running Recollect, whoever may
read RECOLLECT_HOME gets a session for as long as the command runs; it is ended afterwards.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.accounts import Account
from app.client import Client, open_client
from app.embedded import with_running_services
from app.resources import Resources, open_resources
from app.sessions import Sessions
from app.settings import Settings
from core.errors import NotFound, NotSignedIn, RecollectError, StartFailed
from core.ids import parse_id
from core.scope import Role, Scope
from sql import fetch_opt, read
from sql.pool import Pool

LOCAL_SESSION = timedelta(hours=1)  # of a command that was killed before it could sign out

# Options of every command that speaks to the API.
Url = Annotated[
    str | None,
    typer.Option(envvar="RECOLLECT_URL", help="Address of another Recollect.", metavar="URL"),
]
Token = Annotated[
    str | None,
    typer.Option(
        envvar="RECOLLECT_TOKEN",
        help="Its bearer token; `recollect login` keeps one.",
        metavar="TOKEN",
    ),
]
User = Annotated[
    str | None,
    typer.Option(
        envvar="RECOLLECT_USER",
        help="Account to act for on this machine; the first one otherwise.",
        metavar="EMAIL",
    ),
]


@dataclass(frozen=True, slots=True)
class _Standing:
    is_admin: bool
    workspace_id: UUID | None
    role: Role | None


_find_standing = read("account.sql", "find_standing", _Standing)
_find_first_account = read("account.sql", "find_first_account", Account)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the options and the environment name; None where neither does."""

    url: str | None
    token: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """An address and the token that it knows."""

    url: str
    token: str


@asynccontextmanager
async def connected(identity: Identity) -> AsyncGenerator[Client]:
    """Lend a client that is signed in."""
    known = known_sign_in(identity)
    sign_in = known or await _sign_in_here(identity.email)
    async with open_client(sign_in.url, token=sign_in.token) as client:
        try:
            await client.check()
            yield client
        finally:
            if known is None:
                with suppress(RecollectError):
                    await client.logout()


def known_sign_in(identity: Identity) -> SignIn | None:
    """Return where and as whom by a token; None: by the home of this machine."""
    if identity.token is not None:
        return SignIn(identity.url or local_url(Settings()), identity.token)
    kept = None if identity.email else read_sign_in(token_file())
    if identity.url is None or (kept and kept.url == identity.url):
        return kept
    raise NotSignedIn(
        f"No token for {identity.url}: sign in with `recollect login --url {identity.url}`, or set RECOLLECT_TOKEN"
    )


async def _sign_in_here(email: str | None) -> SignIn:
    settings = with_running_services(Settings())
    if settings.database_url is None:
        raise StartFailed(
            f"Nothing runs for {settings.recollect_home}: start it with `make run`, "
            "or sign in elsewhere with `recollect login --url URL`"
        )
    async with open_resources(settings, purpose="cli") as resources:
        account = await find_local_account(resources.signin, email)
        sessions = Sessions(resources.signin, resources.redis, LOCAL_SESSION, prolongs=False)
        new = await sessions.start(
            account.id, kind="bearer", user_agent="recollect on this machine"
        )
    return SignIn(local_url(settings), new.token)


async def find_local_account(pool: Pool, email: str | None) -> Account:
    """Return the account with this e-mail, or the first one when none is named."""
    async with pool.autocommit() as conn:
        account = await fetch_opt(conn, _find_first_account, email=email)
    if account is None and email:
        raise StartFailed(f"There is no account {email}: make it with `recollect user add {email}`")
    if account is None:
        raise StartFailed("There is no account yet: make one with `recollect user add EMAIL`")
    return account


async def find_scope(resources: Resources, *, email: str | None, workspace: str | None) -> Scope:
    """Return whom the command acts for, in the workspace named or his own."""
    account = await find_local_account(resources.signin, email)
    named = parse_id(workspace, what="workspace") if workspace else None
    async with resources.signin.autocommit() as conn:
        standing = await fetch_opt(conn, _find_standing, account_id=account.id, workspace_id=named)
    if standing is None or standing.workspace_id is None or standing.role is None:
        raise NotFound(
            f"{account.email} belongs to no workspace {workspace}: name its member with --user"
        )
    return Scope(account.id, standing.workspace_id, standing.role)


def local_url(settings: Settings) -> str:
    """Return the address of this machine's API."""
    host = "127.0.0.1" if settings.bind in {"0.0.0.0", "::"} else settings.bind
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def token_file() -> Path:
    """Return where `recollect login` keeps its token."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "recollect" / "token"


def read_sign_in(path: Path) -> SignIn | None:
    try:
        url, token = path.read_text(encoding="utf-8").split()
    except (FileNotFoundError, ValueError):  # a file of something else is none of ours
        return None
    return SignIn(url, token)


def keep_sign_in(path: Path, sign_in: SignIn) -> None:
    """Write the token so that only its owner may read it, from the first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with open(path, "x", encoding="utf-8", opener=_private) as file:
        file.write(f"{sign_in.url}\n{sign_in.token}\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
