"""PDFium by its C interface: the functions that reading text needs. Source: public/fpdf*.h of PDFium.

The wheel pypdfium2 brings the library. Its Python half stays out: importing it costs every child 50 ms of CPU or more, and it
carries no types. Whoever opens something here closes it; the file's own bytes must stay alive as long as the document.
"""

import ctypes
import sys
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_float, c_int, c_size_t, c_uint, c_ulong, c_void_p
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PASSWORD_ERROR: Final = 4  # FPDF_ERR_PASSWORD
IMAGE_OBJECT, FORM_OBJECT = 3, 5  # FPDF_PAGEOBJ_*
LINK, POPUP, FILE, WIDGET = 2, 16, 17, 20  # FPDF_ANNOT_*
HIDDEN: Final = 1 | 2 | 32  # FPDF_ANNOT_FLAG_INVISIBLE, _HIDDEN, _NOVIEW
BUTTON, CHECKBOX, RADIO, SIGNATURE = 1, 2, 3, 7  # FPDF_FORMFIELD_*
GREY: Final = 1  # FPDFBitmap_Gray
WITH_ANNOTATIONS: Final = 1  # FPDF_ANNOT
WHITE: Final = 0xFFFFFFFF
MOST_STRING_BYTES: Final = 2**20
NAMES: Final = {"darwin": "libpdfium.dylib", "win32": "pdfium.dll"}


class Rectangle(ctypes.Structure):
    """In points, from the lower left corner of the page."""

    _fields_ = (("left", c_float), ("top", c_float), ("right", c_float), ("bottom", c_float))
    left: float
    top: float
    right: float
    bottom: float


class _FormFillInfo(ctypes.Structure):
    """FPDF_FORMFILLINFO of version 1: its callbacks may all be absent for who only reads."""

    _fields_ = (("version", c_int), ("callbacks", c_void_p * 16))


_HANDLE: Final = c_void_p
_STRING: Final = (c_void_p, c_ulong)
_PROTOTYPES: Final[dict[str, tuple[object, tuple[object, ...]]]] = {
    "FPDF_InitLibrary": (None, ()),
    "FPDF_LoadMemDocument64": (_HANDLE, (c_void_p, c_size_t, c_char_p)),
    "FPDF_CloseDocument": (None, (_HANDLE,)),
    "FPDF_GetLastError": (c_ulong, ()),
    "FPDF_GetPageCount": (c_int, (_HANDLE,)),
    "FPDF_GetMetaText": (c_ulong, (_HANDLE, c_char_p, *_STRING)),
    "FPDF_GetPageLabel": (c_ulong, (_HANDLE, c_int, *_STRING)),
    "FPDFCatalog_GetLanguage": (c_ulong, (_HANDLE, *_STRING)),
    "FPDFBookmark_GetFirstChild": (_HANDLE, (_HANDLE, _HANDLE)),
    "FPDFBookmark_GetNextSibling": (_HANDLE, (_HANDLE, _HANDLE)),
    "FPDFBookmark_GetTitle": (c_ulong, (_HANDLE, *_STRING)),
    "FPDFBookmark_GetDest": (_HANDLE, (_HANDLE, _HANDLE)),
    "FPDFBookmark_GetAction": (_HANDLE, (_HANDLE,)),
    "FPDFAction_GetDest": (_HANDLE, (_HANDLE, _HANDLE)),
    "FPDFDest_GetDestPageIndex": (c_int, (_HANDLE, _HANDLE)),
    "FPDFDoc_GetAttachmentCount": (c_int, (_HANDLE,)),
    "FPDFDoc_GetAttachment": (_HANDLE, (_HANDLE, c_int)),
    "FPDFAttachment_GetName": (c_ulong, (_HANDLE, *_STRING)),
    "FPDFAttachment_GetFile": (c_int, (_HANDLE, *_STRING, POINTER(c_ulong))),
    "FPDFDOC_InitFormFillEnvironment": (_HANDLE, (_HANDLE, c_void_p)),
    "FPDFDOC_ExitFormFillEnvironment": (None, (_HANDLE,)),
    "FPDF_LoadPage": (_HANDLE, (_HANDLE, c_int)),
    "FPDF_ClosePage": (None, (_HANDLE,)),
    "FPDF_GetPageWidthF": (c_float, (_HANDLE,)),
    "FPDF_GetPageHeightF": (c_float, (_HANDLE,)),
    "FPDFPage_GetRotation": (c_int, (_HANDLE,)),
    "FPDFPage_CountObjects": (c_int, (_HANDLE,)),
    "FPDFPage_GetObject": (_HANDLE, (_HANDLE, c_int)),
    "FPDFPageObj_GetType": (c_int, (_HANDLE,)),
    "FPDFPageObj_GetBounds": (c_int, (_HANDLE, *(POINTER(c_float),) * 4)),
    "FPDFFormObj_CountObjects": (c_int, (_HANDLE,)),
    "FPDFFormObj_GetObject": (_HANDLE, (_HANDLE, c_ulong)),
    "FPDFText_LoadPage": (_HANDLE, (_HANDLE,)),
    "FPDFText_ClosePage": (None, (_HANDLE,)),
    "FPDFText_CountChars": (c_int, (_HANDLE,)),
    "FPDFText_GetText": (c_int, (_HANDLE, c_int, c_int, c_void_p)),
    "FPDFText_GetCharIndexFromTextIndex": (c_int, (_HANDLE, c_int)),
    "FPDFText_GetLooseCharBox": (c_int, (_HANDLE, c_int, c_void_p)),
    "FPDFPage_GetAnnotCount": (c_int, (_HANDLE,)),
    "FPDFPage_GetAnnot": (_HANDLE, (_HANDLE, c_int)),
    "FPDFPage_CloseAnnot": (None, (_HANDLE,)),
    "FPDFAnnot_GetSubtype": (c_int, (_HANDLE,)),
    "FPDFAnnot_GetFileAttachment": (_HANDLE, (_HANDLE,)),
    "FPDFAnnot_GetFlags": (c_int, (_HANDLE,)),
    "FPDFAnnot_GetStringValue": (c_ulong, (_HANDLE, c_char_p, *_STRING)),
    "FPDFAnnot_GetFormFieldType": (c_int, (_HANDLE, _HANDLE)),
    "FPDFAnnot_GetFormFieldName": (c_ulong, (_HANDLE, _HANDLE, *_STRING)),
    "FPDFAnnot_GetFormFieldAlternateName": (c_ulong, (_HANDLE, _HANDLE, *_STRING)),
    "FPDFAnnot_GetFormFieldValue": (c_ulong, (_HANDLE, _HANDLE, *_STRING)),
    "FPDFAnnot_IsChecked": (c_int, (_HANDLE, _HANDLE)),
    "FPDFBitmap_CreateEx": (_HANDLE, (c_int, c_int, c_int, c_void_p, c_int)),
    "FPDFBitmap_FillRect": (c_int, (_HANDLE, *(c_int,) * 4, c_uint)),
    "FPDFBitmap_Destroy": (None, (_HANDLE,)),
    "FPDF_RenderPageBitmap": (None, (_HANDLE, _HANDLE, *(c_int,) * 6)),
}


def _library() -> ctypes.CDLL:
    """Load it from its wheel, without importing that; initialised once for the process."""
    wheel = find_spec("pypdfium2_raw")
    if wheel is None or wheel.origin is None:
        raise ImportError("pypdfium2 is not installed")
    name = NAMES.get(sys.platform, "libpdfium.so")
    library = ctypes.CDLL(str(Path(wheel.origin).with_name(name)))
    for function, (result, arguments) in _PROTOTYPES.items():
        prototype = getattr(library, function)
        prototype.restype, prototype.argtypes = result, arguments
    library.FPDF_InitLibrary()
    return library


pdfium: Final = _library()


def string(get: Callable[[ctypes.Array[ctypes.c_char] | None, int], int]) -> str:
    """Return a UTF-16 string that `get` writes into a buffer; asked without one, it says how many bytes it needs."""
    size = min(get(None, 0), MOST_STRING_BYTES)
    if size <= 2:  # the closing NUL
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "ignore")


def form_of(document: int) -> int:
    """Return the handle by which the document's form fields are read, 0 when there is none."""
    return pdfium.FPDFDOC_InitFormFillEnvironment(document, ctypes.byref(_EMPTY)) or 0


_EMPTY: Final = _FormFillInfo(version=1)  # the library keeps a pointer to it
