"""The headers of tus 1.0 (https://tus.io/protocols/resumable-upload): lengths, offsets, metadata, checksums."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInput
from core.names import FileName, file_name

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,termination,expiration"
ALGORITHMS: Final = {"sha1": 20, "sha256": 32}  # and how many bytes each makes
PART_TYPE: Final = "application/offset+octet-stream"
MAX_METADATA: Final = 8_192
_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Checksum:
    algorithm: str
    digest: bytes


def count_of(header: str, value: str | None) -> int:
    """Return a length or offset; InvalidInput for anything but a few plain digits."""
    if value is None or not _COUNT.fullmatch(value):
        raise InvalidInput.of(header, "is needed, a number of bytes")
    return int(value)


def checksum_of(value: str | None) -> Checksum | None:
    """Return what `Upload-Checksum: sha1 <base64>` says, if there is one."""
    if value is None:
        return None
    algorithm, _, encoded = value.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidInput.of("Upload-Checksum", f"begins with one of {', '.join(ALGORITHMS)}")
    digest = _decoded("Upload-Checksum", encoded.strip())
    if len(digest) != ALGORITHMS[algorithm]:
        raise InvalidInput.of("Upload-Checksum", f"is no {algorithm} in Base64")
    return Checksum(algorithm, digest)


def metadata_of(value: str) -> dict[str, str]:
    """Return the pairs of `Upload-Metadata: key <base64>,key <base64>`; a key without a value has an empty one."""
    if len(value) > MAX_METADATA:
        raise InvalidInput.of("Upload-Metadata", f"is longer than {MAX_METADATA} characters")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in value.split(","))):
        key, _, encoded = pair.partition(" ")
        if key in found:
            raise InvalidInput.of("Upload-Metadata", "holds a key twice")
        try:
            found[key] = _decoded("Upload-Metadata", encoded.strip()).decode()
        except UnicodeDecodeError:
            raise InvalidInput.of("Upload-Metadata", "holds a value that is not UTF-8") from None
    if "password" in found:
        raise InvalidInput.of("Upload-Metadata", "is kept: a password is sent as X-File-Password")
    return found


def name_of(metadata: dict[str, str]) -> FileName:
    """Return the file's name and folder; `name` is what Uppy calls the file's name."""
    name = metadata.get("filename") or metadata.get("name")
    if not name:
        raise InvalidInput.of("Upload-Metadata", "names no filename")
    return file_name(name, folder=metadata.get("folder", ""))


def _decoded(header: str, encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput.of(header, "holds what is no Base64") from None
