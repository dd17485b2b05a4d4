"""Accounts: made by registration or by `recollect user add`, opened by e-mail and password.

Each account gets a personal workspace. The first one administers the installation.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.passwords import Passwords
from core.errors import Conflict, InvalidInput, NotSignedIn
from core.ids import new_id
from sql import execute, fetch_one, fetch_opt, read, write
from sql.pool import Conn, Pool

log = structlog.get_logger(__name__)

MAX_EMAIL_CHARACTERS = 254  # RFC 5321 path, without the brackets
MAX_NAME_CHARACTERS = 100
_EMAIL = re.compile(r"[^\s@<>,;:\"\\()\[\]]{1,64}@[^\s@<>,;:\"\\()\[\]]{1,253}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person, without the password's hash."""

    id: UUID
    email: str
    name: str
    is_admin: bool
    personal_workspace_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a person gives to get an account; an empty name becomes the first part of the e-mail."""

    email: str
    password: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Credentials:
    account_id: UUID
    password_hash: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


_find_credentials = read("account.sql", "find_credentials", _Credentials)
_find_account = read("account.sql", "find_account", Account)
_lock_registration = write("account.sql", "lock_registration")
_create_account = write("account.sql", "create_account", Account)
_create_workspace = write("account.sql", "create_workspace")
_set_membership = write("account.sql", "set_membership")
_record = write("account.sql", "record")
_set_password = write("account.sql", "set_password")
_set_disabled = write("account.sql", "set_disabled", _Id)


async def register(pool: Pool, passwords: Passwords, *, new: NewAccount) -> Account:
    """Make the account and its workspace; a taken e-mail is a Conflict."""
    email = checked_email(new.email)
    name = checked_name(new.name.strip() or email.partition("@")[0], field="name")
    password_hash = await passwords.hash(new.password)
    async with pool.write_tx() as conn:
        await execute(conn, _lock_registration)
        account = await fetch_opt(
            conn,
            _create_account,
            id=new_id(),
            email=email,
            name=name,
            password_hash=password_hash,
            personal_workspace_id=new_id(),
        )
        if account is None:
            raise Conflict("There is an account with this e-mail already; sign in instead.")
        await _make_personal_workspace(conn, account)
    log.info("registered an account", account_id=str(account.id), is_admin=account.is_admin)
    return account


async def check_password(pool: Pool, passwords: Passwords, *, email: str, password: str) -> UUID:
    """Return whose e-mail and password these are; anything else is NotSignedIn, in the same words and time."""
    async with pool.autocommit() as conn:
        found = await fetch_opt(conn, _find_credentials, email=_as_stored(email))
    right = await passwords.verify(password, stored=found.password_hash if found else None)
    if found is None or not right or found.disabled:
        log.info("refused a sign-in", known=found is not None)
        raise NotSignedIn("E-mail or password is wrong.")
    return found.account_id


async def change_password(
    pool: Pool, passwords: Passwords, account_id: UUID, *, old: str, new: str
) -> None:
    """Give somebody who is signed in, and knows the old one, a new password."""
    account = await account_of(pool, account_id)
    await check_password(pool, passwords, email=account.email, password=old)
    await set_password(pool, passwords, account_id, new=new)


async def set_password(pool: Pool, passwords: Passwords, account_id: UUID, *, new: str) -> None:
    password_hash = await passwords.hash(new)
    async with pool.write_tx() as conn:
        await execute(conn, _set_password, account_id=account_id, password_hash=password_hash)
    log.info("changed a password", account_id=str(account_id))


async def set_disabled(pool: Pool, *, email: str, disabled: bool) -> UUID | None:
    """Keep an account from signing in, or let it again; return whose e-mail this is. Its sessions are the caller's to end."""
    async with pool.write_tx() as conn:
        found = await fetch_opt(conn, _set_disabled, email=_as_stored(email), disabled=disabled)
    if found is not None:
        log.info("set whether an account may sign in", account_id=str(found.id), disabled=disabled)
    return found.id if found else None


async def account_of(pool: Pool, account_id: UUID) -> Account:
    """Return the account of somebody who is signed in."""
    async with pool.autocommit() as conn:
        return await fetch_one(conn, _find_account, account_id=account_id)


async def record(
    conn: Conn, workspace_id: UUID, *, account_id: UUID, action: str, object_id: UUID
) -> None:
    """Write a line of the audit, in the transaction of what it tells."""
    await execute(
        conn,
        _record,
        workspace_id=workspace_id,
        id=new_id(),
        account_id=account_id,
        action=action,
        object_id=object_id,
    )


def checked_email(text: str) -> str:
    """Return the address as it is stored; only its shape can be checked here."""
    email = _as_stored(text)
    if len(email) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(email):
        raise InvalidInput.of("email", "is not an e-mail address")
    return email


def _as_stored(email: str) -> str:
    return unicodedata.normalize("NFC", email.strip())


def checked_name(text: str, *, field: str) -> str:
    """Return a name or title in NFC; control characters and lone surrogates are InvalidInput."""
    name = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise InvalidInput.of(field, "must not hold control characters")
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise InvalidInput.of(field, f"must have 1 to {MAX_NAME_CHARACTERS} characters")
    return name


async def _make_personal_workspace(conn: Conn, account: Account) -> None:
    workspace_id = account.personal_workspace_id
    await execute(conn, _create_workspace, id=workspace_id, name=account.name, kind="personal")
    await execute(
        conn, _set_membership, workspace_id=workspace_id, account_id=account.id, role="owner"
    )
    await record(
        conn, workspace_id, account_id=account.id, action="account.created", object_id=account.id
    )
