"""Pictures by Pillow: grey pixels for OCR, one picture a page (TIFF has several), and what the file says of itself.

Of an animation only the first frame is read. A page of a TIFF that is damaged or far too large is a problem, and the others are read;
behind a damaged entry of its list of pages none is found. Left out: HEIC and AVIF, vector pictures, raw pictures of cameras.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.extract.segment import (
    MOST_PIXELS,
    Item,
    Picture,
    Problem,
    Properties,
    Unreadable,
    clean,
)

READ: Final = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
MOST_SOURCE_PIXELS: Final = (
    50_000_000  # transparent and in colour they take 450 MB of the child's 512
)
EXIF_TITLE, EXIF_AUTHOR, EXIF_MODIFIED = 270, 315, 306
MOST_CHARACTERS: Final = 1_000
# What Pillow raises on bytes that are not what they should be.
DAMAGE: Final = (
    OSError, EOFError, SyntaxError, TypeError, ValueError, LookupError, ArithmeticError, struct.error
)  # fmt: skip


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item | Picture]:
    """Yield the pictures from index `first` on."""
    del most_characters
    image = _open(source)
    if any(properties := _properties(image)):
        yield properties
    count = _count(image) if image.format == "TIFF" else 1
    for index in range(first, count):
        yield _picture(image, index) if count == 1 else _page(image, index, count)


def _count(image: Image.Image) -> int:
    """Return how many pages there are, up to the first that the list of them does not describe."""
    try:
        return getattr(image, "n_frames", 1)
    except DAMAGE:
        return image.tell() + 1


def _page(image: Image.Image, index: int, count: int) -> Picture | Problem:
    page = index + 1
    try:
        return _picture(image, index)._replace(page=page, page_count=count)
    except Unreadable as reason:
        message = f"Page {page}: {reason.message}"
        return Problem(index, page, reason.code, message, reason.remedy)
    except DAMAGE:
        message = f"Page {page} is damaged and cannot be read."
        return Problem(index, page, "page_unreadable", message, "Scan it anew and upload that.")


def _picture(image: Image.Image, index: int) -> Picture:
    image.seek(index)
    pixels = _grey(image)
    return Picture(index, None, None, "", 1, *pixels.size, pixels.tobytes())


def _open(source: BinaryIO) -> Image.Image:
    try:
        return Image.open(source, formats=READ)
    except UnidentifiedImageError:
        raise _broken() from None
    except Image.DecompressionBombError:
        raise _too_large() from None


def _grey(image: Image.Image) -> Image.Image:
    """Return the frame upright, on white where it is transparent, with no more than MOST_PIXELS."""
    width, height = image.size
    share = (MOST_PIXELS / (width * height)) ** 0.5
    if share < 1:  # a JPEG is decoded at a fraction of its size
        image.draft("L", (int(width * share), int(height * share)))
    width, height = image.size
    if width * height > MOST_SOURCE_PIXELS:
        raise _too_large()
    grey = ImageOps.exif_transpose(_on_white(image))
    share = (MOST_PIXELS / (grey.width * grey.height)) ** 0.5
    return grey.resize((int(grey.width * share), int(grey.height * share))) if share < 1 else grey


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("L")
    layered = image.convert("LA")
    white = Image.new("L", layered.size, 255)
    white.paste(layered, mask=layered.getchannel("A"))
    return white


def _too_large() -> Unreadable:
    return Unreadable(
        "too_large",
        f"The picture has more than {MOST_SOURCE_PIXELS // 1_000_000} million pixels.",
        remedy="Make it smaller and upload that.",
    )


def _broken() -> Unreadable:
    return Unreadable(
        "broken_file",
        "The file is damaged: it begins like a picture, but is none.",
        remedy="Open it in its own program, save it again and upload it.",
    )


def _properties(image: Image.Image) -> Properties:
    exif = image.getexif()
    date, _, time = str(exif.get(EXIF_MODIFIED, "")).partition(" ")
    modified = f"{date.replace(':', '-')}T{time}" if time else ""
    return Properties(
        title=_words(exif.get(EXIF_TITLE) or image.info.get("Title")),
        author=_words(exif.get(EXIF_AUTHOR) or image.info.get("Author")),
        modified=modified,
    )


def _words(text: object) -> str:
    return " ".join(clean(text).split())[:MOST_CHARACTERS] if isinstance(text, str) else ""
