"""Images for tests, as Pillow writes them."""

import io

from PIL import Image


def make_image(
    kind: str = "PNG", size: tuple[int, int] = (7, 5), *, padded_to: int = 0, **how: object
) -> bytes:
    """Return a black image; `padded_to` makes it as many bytes long by what stands behind its end."""
    written = io.BytesIO()
    Image.new("RGB", size).save(written, kind, **how)
    return written.getvalue().ljust(padded_to, b"\0")
