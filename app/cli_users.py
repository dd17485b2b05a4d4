"""`recollect user`, `login` and `logout`: accounts of this machine's database, and a token for one elsewhere."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from app.accounts import Account, NewAccount, register, set_disabled, set_password
from app.cli_identity import (
    SignIn,
    Url,
    find_local_account,
    keep_sign_in,
    read_sign_in,
    token_file,
)
from app.cli_output import errors_as_lines, examples, say
from app.client import open_client
from app.embedded import with_running_services
from app.passwords import open_passwords
from app.resources import Resources, open_resources
from app.sessions import Sessions
from app.settings import Settings
from core.errors import InvalidInput, NotSignedIn, StartFailed
from sql import execute, write

users = typer.Typer(no_args_is_help=True, help="Accounts of this machine's Recollect.")

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="What the account signs in with.")]

_make_admin = write("account.sql", "make_admin")


@users.command(
    epilog=examples(
        "recollect user add ada@example.org --name Ada",
        "echo 'a long sentence' | recollect user add ops@example.org --admin",
    )
)
def add(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Shown to others; else the e-mail's first part.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="May administer; the first may.")] = False,
) -> None:
    """Make an account; the password is asked for twice, or read from a pipe."""
    with errors_as_lines():
        new = NewAccount(email, asked_password(twice=True), name)
        account = asyncio.run(add_account(new, admin=admin))
        say(
            f"{account.email} may sign in{' and administers' if account.is_admin or admin else ''}."
        )


async def add_account(new: NewAccount, *, admin: bool) -> Account:
    """Make the account in the database that runs for this home."""
    settings = with_running_services(Settings())
    passwords = open_passwords()
    async with open_resources(settings, purpose="cli") as resources:
        account = await register(resources.signin, passwords, new=new)
        if admin:
            async with resources.signin.write_tx() as conn:
                await execute(conn, _make_admin, account_id=account.id)
    passwords.close()
    return account


@users.command(epilog=examples("recollect user password ada@example.org"))
def password(email: Email) -> None:
    """Give an account a new password, asked for as by `add`; all its sign-ins end."""
    with errors_as_lines():
        asyncio.run(_give_password(email, asked_password(twice=True)))
        say(f"{email} signs in with the new password from now on.")


@users.command(epilog=examples("recollect user disable ada@example.org"))
def disable(email: Email) -> None:
    """Keep an account from signing in; its sign-ins end at once, what it wrote stays."""
    with errors_as_lines():
        asyncio.run(_set_disabled(email, disabled=True))
        say(f"{email} can no longer sign in.")


@users.command(epilog=examples("recollect user enable ada@example.org"))
def enable(email: Email) -> None:
    """Let a disabled account sign in again."""
    with errors_as_lines():
        asyncio.run(_set_disabled(email, disabled=False))
        say(f"{email} may sign in again.")


async def _give_password(email: str, new: str) -> None:
    passwords = open_passwords()
    async with open_resources(with_running_services(Settings()), purpose="cli") as resources:
        account = await find_local_account(resources.signin, email)
        await set_password(resources.signin, passwords, account.id, new=new)
        await _end_all(resources, account.id)
    passwords.close()


async def _set_disabled(email: str, *, disabled: bool) -> None:
    async with open_resources(with_running_services(Settings()), purpose="cli") as resources:
        account_id = await set_disabled(resources.signin, email=email, disabled=disabled)
        if account_id is None:
            raise StartFailed(f"There is no account {email}.")
        if disabled:
            await _end_all(resources, account_id)


async def _end_all(resources: Resources, account_id: UUID) -> None:
    lifetime = timedelta(days=resources.settings.session_days)
    await Sessions(resources.signin, resources.redis, lifetime).end_all(account_id)


def login(url: Url = None, *, email: Annotated[str | None, typer.Option()] = None) -> None:
    """Sign in to a Recollect elsewhere and keep its token for the commands that follow."""
    with errors_as_lines():
        if url is None:
            raise InvalidInput.of(
                "--url", "name the address, for example https://recollect.example.org"
            )
        email = email or str(typer.prompt("E-mail", err=True))
        token = asyncio.run(_token(url, email, asked_password(twice=False)))
        keep_sign_in(token_file(), SignIn(url, token))
        say(f"Signed in to {url}; the token is in {token_file()}.")


def logout() -> None:
    """End the session that `recollect login` began, and forget its token."""
    with errors_as_lines():
        kept = read_sign_in(token_file())
        if kept is None:
            raise NotSignedIn("There is no token to forget.")
        with suppress(NotSignedIn):  # it has ended already
            asyncio.run(_end(kept))
        token_file().unlink()
        say(f"Signed out of {kept.url}.")


async def _token(url: str, email: str, password: str) -> str:
    async with open_client(url, token=None) as client:
        return await client.login(email, password)


async def _end(sign_in: SignIn) -> None:
    async with open_client(sign_in.url, token=sign_in.token) as client:
        await client.logout()


def asked_password(*, twice: bool) -> str:
    """Return the password typed in without an echo, or the first line of a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True))
