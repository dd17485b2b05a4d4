"""The passwords that files are opened with: sealed in a row from the upload or retry until the job's end (migration 0017).

Never in a log, an answer, a job or an argument of a process. The key is the installation's (app/shared_key.py), in the same
database: it protects a row that leaks, not a copy of the whole database.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from core.sealing import seal, unseal
from sql import execute, write
from sql.pool import Conn

PASSWORD_KEY: Final = "file passwords"  # the name of the key
MOST_CHARACTERS: Final = 1_000

FORGET_PASSWORD = write("password.sql", "forget_password")
KEEP_PASSWORD = write("password.sql", "keep_password")
REMOVE_OLD_PASSWORDS = write("password.sql", "remove_old_passwords")


@dataclass(frozen=True, slots=True)
class GivenPassword:
    """What a person said opens a file."""

    text: str = field(repr=False)
    key: bytes = field(repr=False)

    async def keep(self, conn: Conn, workspace_id: UUID, *, version_id: UUID) -> None:
        """Keep it until the version's job ends, in the transaction that begins the job."""
        named = {"workspace_id": workspace_id, "version_id": version_id}
        sealed = seal(self.key, self.text, bound_to=version_id.bytes)
        await execute(conn, FORGET_PASSWORD, **named)
        await execute(conn, KEEP_PASSWORD, **named, sealed=sealed)


def opened(sealed: bytes, *, version_id: UUID, key: bytes) -> str:
    """Return the password, "" when the key is another one by now: then the file asks for it again."""
    return unseal(key, sealed, bound_to=version_id.bytes) or ""


async def remove_old_passwords(conn: Conn) -> None:
    """Forget what is older than the longest job, in case its end was missed."""
    await execute(conn, REMOVE_OLD_PASSWORDS)
