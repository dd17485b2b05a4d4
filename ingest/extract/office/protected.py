"""Office files under a password (DOCX, XLSX, XLSB, PPTX in a compound file): the archive that is sealed in one.

Excel's own password, which seals what is only write-protected, is tried where none is given. Left out: files sealed in
another way than decrypt.py knows, and older ones (DOC, XLS, PPT).
"""

import io
from struct import error as StructError
from typing import BinaryIO, Final

from ingest.extract.archive import encrypted
from ingest.extract.locked import locked
from ingest.extract.office.compound import ENCRYPTED_PACKAGE, SIGNATURE, Compound

INFO: Final = "EncryptionInfo"
MOST_BYTES, MOST_INFO_BYTES = 200 * 2**20, 2**20
EXCELS_OWN: Final = "VelvetSweatshop"


def unlocked(source: BinaryIO, password: str) -> BinaryIO:
    """Return the source itself, or what is sealed in it; Unreadable when the password does not open it."""
    source.seek(0)
    if source.read(len(SIGNATURE)) != SIGNATURE:
        return source
    file = Compound(source)
    if ENCRYPTED_PACKAGE not in file.streams:
        return source
    from ingest.extract.office.decrypt import decrypted  # what most files do without

    info = file.read(INFO, most_bytes=MOST_INFO_BYTES)
    package = file.read(ENCRYPTED_PACKAGE, most_bytes=MOST_BYTES)
    try:
        archive = decrypted(info, package, password or EXCELS_OWN)
    except (StructError, ValueError, KeyError) as exc:
        raise encrypted() from exc
    if archive is None:
        raise locked("file", password)
    return io.BytesIO(archive)
