"""Names of uploaded files: shown and searched, never used as a path.

A path in a name ("../etc/passwd", "C:/tmp/a.txt" in either slash, a browser's "folder/a.txt") is split: its last part is the
name, the rest a folder without "." and "..". Control and bidirectional characters are removed, so that a name reads as
what it is.
"""

import re
import unicodedata
from dataclasses import dataclass

from core.errors import InvalidInput

MAX_NAME_BYTES = 255  # after NFC, as file systems count
MAX_FOLDER_BYTES = 1024
LONGEST_EXTENSION = 16

# Cc and Cf (bidi overrides, zero-width, soft hyphen), line and paragraph separators, lone surrogates.
_UNWANTED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_DRIVE = re.compile(r"^[A-Za-z]:$")


@dataclass(frozen=True, slots=True)
class FileName:
    """`folder` has / between its parts, none at its ends."""

    folder: str
    name: str

    @property
    def extension(self) -> str:
        """Return what stands behind the last dot, in lower case; empty when that is no extension."""
        stem, _, extension = self.name.rpartition(".")
        plausible = stem and extension.isalnum() and len(extension) <= LONGEST_EXTENSION
        return extension.lower() if plausible else ""


def file_name(text: str, *, folder: str = "") -> FileName:
    """Return the name in `text`, below `folder`; raises InvalidInput when nothing of it can be a name."""
    parts = [part for part in (_clean(part) for part in re.split(r"[/\\]", text)) if part]
    if not parts or parts[-1] in {".", ".."}:
        raise InvalidInput.of("filename", "is empty or only a path")
    name = parts[-1]
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidInput.of("filename", f"is longer than {MAX_NAME_BYTES} bytes")
    return FileName(_folder([*re.split(r"[/\\]", folder), *parts[:-1]]), name)


def _folder(parts: list[str]) -> str:
    cleaned = [_clean(part) for part in parts]
    kept = [p for p in cleaned if p and p not in {".", ".."} and not _DRIVE.match(p)]
    folder = "/".join(kept)
    if len(folder.encode()) > MAX_FOLDER_BYTES:
        raise InvalidInput.of("folder", f"is longer than {MAX_FOLDER_BYTES} bytes")
    return folder


def _clean(part: str) -> str:
    normal = unicodedata.normalize("NFC", part)
    visible = "".join(c for c in normal if unicodedata.category(c) not in _UNWANTED)
    return visible.strip()
