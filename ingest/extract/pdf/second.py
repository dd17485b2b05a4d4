"""The second engine for PDF, pypdf: for files and pages that PDFium does not read (docs/adr/0009-pdf-engines.md).

It is imported when the first such page comes. Of a file that only it opens, no outline, labels or notes are read.
"""

from typing import TYPE_CHECKING, BinaryIO, Final

from ingest.extract.locked import locked

if TYPE_CHECKING:
    from pypdf import PdfReader

LIGATURES: Final = str.maketrans(
    {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
)  # fmt: skip


class Second:
    """A file that pypdf opens when it is first asked for a page."""

    def __init__(self, source: BinaryIO, *, password: str = "") -> None:
        self._source = source
        self._password = password
        self._reader: PdfReader | None = None

    @property
    def page_count(self) -> int:
        """Raises whatever pypdf raises on a broken file."""
        return len(self._open().pages)

    def lines(self, index: int) -> list[str] | None:
        """Return the lines of a page, None when it cannot be read."""
        try:
            text = self._open().pages[index].extract_text()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  pypdf raises anything on a damaged page; the next one may be whole
            return None
        return text.translate(LIGATURES).rstrip().split("\n") if text.strip() else []

    def _open(self) -> "PdfReader":
        if self._reader is None:
            import logging  # most files need neither, and the second costs 100 ms

            from pypdf import PasswordType, PdfReader

            logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it comments on every oddity
            reader = PdfReader(self._source)
            if (
                reader.is_encrypted
                and reader.decrypt("") == PasswordType.NOT_DECRYPTED
                and reader.decrypt(self._password) == PasswordType.NOT_DECRYPTED
            ):
                raise locked("PDF", self._password)
            self._reader = reader
        return self._reader
