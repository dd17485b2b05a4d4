"""Pictures by Pillow: grey pixels for OCR, one picture a page (TIFF has several), and what the file says of itself.

Of an animation only the first frame is read. Left out: HEIC and AVIF, vector pictures, raw pictures of cameras.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.extract.segment import MOST_PIXELS, Item, Picture, Properties, Unreadable, clean

READ: Final = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
MOST_SOURCE_PIXELS: Final = (
    50_000_000  # transparent and in colour they take 450 MB of the child's 512
)
EXIF_TITLE, EXIF_AUTHOR, EXIF_MODIFIED = 270, 315, 306
MOST_CHARACTERS: Final = 1_000


def read(source: BinaryIO, *, first: int, most_characters: int) -> Iterator[Item | Picture]:
    """Yield the pictures from index `first` on."""
    del most_characters
    image = _open(source)
    if any(properties := _properties(image)):
        yield properties
    count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    for index in range(first, count):
        image.seek(index)
        pixels = _grey(image)
        page = index + 1 if count > 1 else None
        yield Picture(index, page, None, "", count, *pixels.size, pixels.tobytes())


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
