"""Passwords: argon2id (RFC 9106) in a pool of two threads, because each hash takes 19 MiB and a core for a while.

Limits of OWASP and ASVS 6.2: 8 to 256 characters, no rules of composition, the commonest ones refused. An unknown account
costs the same hash, so that time does not tell who has one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput

Result = TypeVar("Result")

MEMORY_KIB = 19 * 1024  # OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane
PASSES = 2
LANES = 1
THREADS = 2  # at most 38 MiB at a time
MIN_CHARACTERS = 8
MAX_CHARACTERS = 256
_COMMON = Path(__file__).with_name("common_passwords.txt")


@dataclass(frozen=True, slots=True)
class Passwords:
    """Hashes and verifies without blocking the event loop."""

    hasher: PasswordHasher
    threads: ThreadPoolExecutor
    dummy_hash: str

    async def hash(self, password: str) -> str:
        """Return the encoded hash; a password that is too short, too long or common is InvalidInput."""
        check_strength(password)
        return await self._in_thread(lambda: self.hasher.hash(password))

    async def verify(self, password: str, *, stored: str | None) -> bool:
        """Say whether the password made this hash; None takes as long and says no."""
        right = await self._in_thread(lambda: self._matches(password, stored or self.dummy_hash))
        return right and stored is not None

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, stored: str) -> bool:
        try:
            return self.hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


def open_passwords(*, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> Passwords:
    """Return a hasher with its threads; tests take less memory."""
    hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES)
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
    return Passwords(hasher, threads, hasher.hash("nobody has this password"))


def check_strength(password: str) -> None:
    """Raise InvalidInput for a password that would be guessed first."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise InvalidInput.of(
            "password", f"must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
        )
    if password.casefold() in common_passwords():
        raise InvalidInput.of("password", "is one of the most common ones; choose another")


@cache
def common_passwords() -> frozenset[str]:
    """Return the list of commonest passwords that are long enough to pass otherwise."""
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line.casefold() for line in lines[1:])  # the first one names the source
