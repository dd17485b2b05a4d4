"""The body of one part of a resumable upload: counted, held to its length, its checksum taken as it passes.

A body that is cut ends there, and what came before counts, unless a checksum speaks for the whole part. A line that stays
silent is as good as cut: whoever comes back must not wait for it.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect

from api.files.tus_headers import Checksum
from core.errors import InvalidInput, TooLarge, WrongChecksum

SILENT_S: Final = 10.0


class PartBody:
    """`size` bytes have come; `is_cut` says that the sender promised more."""

    def __init__(
        self,
        stream: AsyncIterator[bytes],
        *,
        room: int,
        declared: int | None = None,
        checksum: Checksum | None = None,
    ) -> None:
        self.size = 0
        self.is_cut = False
        self._stream = stream
        self._room = room
        self._declared = declared
        self._checksum = checksum
        self._hash = hashlib.new(checksum.algorithm) if checksum else None

    @property
    def is_checked(self) -> bool:
        return self._checksum is not None

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the bytes; TooLarge at the first one over the room, WrongChecksum after the last one."""
        refuse_too_long(self._declared, room=self._room)
        while (chunk := await self._next()) is not None:
            self.size += len(chunk)
            refuse_too_long(self.size, room=self._room)
            if self._hash is not None:
                self._hash.update(chunk)
            yield chunk
        # A proxy may end a stream cleanly in the middle (supabase/storage#1294).
        self.is_cut = self.is_cut or (self._declared is not None and self.size < self._declared)
        self._check()

    async def _next(self) -> bytes | None:
        try:
            async with asyncio.timeout(SILENT_S):
                return await anext(self._stream, None)
        except (ClientDisconnect, TimeoutError):
            self.is_cut = True
            return None

    def _check(self) -> None:
        if self._checksum is None or self._hash is None:
            return
        if self.is_cut:
            raise InvalidInput.of("body", "was cut off; of a part with a checksum nothing is kept")
        if not hmac.compare_digest(self._hash.digest(), self._checksum.digest):
            raise WrongChecksum("The bytes do not have the checksum that came with them.")


def refuse_too_long(size: int | None, *, room: int) -> None:
    """Raise TooLarge for a part that goes beyond the end of its upload."""
    if size is not None and size > room:
        raise TooLarge(f"The part is longer than the {room:,} bytes that the upload lacks.")
