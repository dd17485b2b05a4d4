import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from llm.image_metadata import without_metadata
from tests.llm.make_image import make_image

SECRET = b"52.5163N 13.3777E"
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PIXELS = Image.radial_gradient("L").resize((37, 23))
COLOURED = Image.merge("RGB", (PIXELS, PIXELS.rotate(180), PIXELS.rotate(90)))


def made(kind, image=COLOURED, /, **how):
    written = io.BytesIO()
    image.save(written, kind, **how)
    return written.getvalue()


def exif(turned=1):
    found = Image.Exif()
    found[ORIENTATION], found[MAKER], found[GPS] = turned, SECRET.decode(), {1: "N", 29: SECRET.decode()}  # fmt: skip
    return found


def preview():
    return made("JPEG", COLOURED.resize((8, 6)), comment=SECRET)


def with_segments(jpeg, *segments):
    """Put application segments behind the start of a JPEG."""
    added = (bytes((0xFF, kind)) + struct.pack(">H", len(c) + 2) + c for kind, c in segments)
    return jpeg[:2] + b"".join(added) + jpeg[2:]


def frames():
    return {"save_all": True, "append_images": [COLOURED.rotate(90), COLOURED.rotate(180)]}


NOTED = {"exif": exif(), "xmp": SECRET}
IMAGES = {
    "jpeg": made("JPEG", comment=SECRET, icc_profile=PROFILE, **NOTED),
    "progressive jpeg": made("JPEG", progressive=True, quality=95, **NOTED),
    "grey jpeg": made("JPEG", PIXELS, comment=SECRET),
    "cmyk jpeg": made("JPEG", COLOURED.convert("CMYK"), comment=SECRET),
    "jpeg with a preview": with_segments(made("JPEG"), (0xE0, b"JFXX\0" + preview()), (0xE2, b"FPXR\0" + SECRET)),
    "jpeg with a film behind it": made("JPEG") + preview(),
    "jpeg with restarts": made("JPEG", restart_marker_blocks=1, comment=SECRET),
    "png": made("PNG", icc_profile=PROFILE, **NOTED) + SECRET,
    "transparent png": made("PNG", COLOURED.quantize(8), transparency=3, exif=exif()),
    "webp": made("WEBP", icc_profile=PROFILE, **NOTED),
    "lossless webp": made("WEBP", COLOURED.convert("RGBA"), lossless=True, **NOTED) + SECRET,
    "animated webp": made("WEBP", **frames(), **NOTED),
    "gif": made("GIF", COLOURED.quantize(8), comment=SECRET, transparency=2) + SECRET,
    "animated gif": made("GIF", **frames(), loop=3, comment=SECRET),
}  # fmt: skip


def shown(data):
    """Return all that is seen: size, frames as pixels, profile of colours, how often it plays."""
    image = Image.open(io.BytesIO(data))
    seen = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        upright = ImageOps.exif_transpose(image.convert("RGBA"))
        seen.append((upright.size, upright.tobytes(), image.info.get("duration")))
    return seen, image.info.get("icc_profile"), image.info.get("loop")


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_seen_is_kept_and_what_was_noted_is_not(name):
    bare = without_metadata(IMAGES[name])
    assert bare is not None
    assert shown(bare) == shown(IMAGES[name])
    assert SECRET not in bare
    assert not Image.open(io.BytesIO(bare)).getexif()
    assert (len(bare) < len(IMAGES[name]), without_metadata(bare)) == (True, bare)


@pytest.mark.parametrize("turned", range(2, 9))
def test_how_a_photo_is_to_be_turned_is_all_that_is_kept_of_its_exif(turned):
    photo = made("JPEG", exif=exif(turned))
    bare = without_metadata(photo)
    assert bare is not None
    assert dict(Image.open(io.BytesIO(bare)).getexif()) == {ORIENTATION: turned}
    assert shown(bare) == shown(photo)
    assert shown(bare) != shown(made("JPEG"))


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"MM\0*",
        b"II*\0\xff\xff\xff\xff" + b"\xff" * 90,
        b"MM\0*" + struct.pack(">IHHHIHH", 8, 9, 1, 3, 1, 1, 0) * 3,
        b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, 99, 0, 0),
        b"MM\0*" + struct.pack(">IHHHIHH", 8, 1, ORIENTATION, 3, 1, 6, 0),
    ],
)
def test_exif_that_says_nothing_of_use_is_left_out(block):
    assert without_metadata(with_segments(made("JPEG"), (0xE1, b"Exif\0\0" + block))) == made(
        "JPEG"
    )


def test_an_image_that_says_nothing_of_itself_is_as_it_was():
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        assert without_metadata(make_image(kind)) == make_image(kind)


def test_a_preview_within_the_head_of_a_jpeg_is_left_out():
    head = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1"
    plain = made("JPEG")
    assert plain.startswith(b"\xff\xd8" + head + b"\0\0")
    with_preview = b"\xff\xd8\xff\xe0\0\x13" + head[4:] + b"\1\1abc" + plain[20:]
    assert without_metadata(with_preview) == plain


def test_frames_within_frames_are_left_out():
    nested = b""
    for _ in range(5_000):
        nested = b"ANMF" + struct.pack("<I", len(nested) + 16) + bytes(16) + nested
    data = b"RIFF" + struct.pack("<I", len(nested) + 4) + b"WEBP" + nested
    bare = without_metadata(data)
    assert bare is not None
    assert len(bare) == 12 + 8 + 16


@pytest.mark.parametrize("name", IMAGES)
def test_one_that_is_cut_off_before_its_end_is_none(name):
    data = without_metadata(IMAGES[name])
    assert data is not None
    assert {without_metadata(data[:length]) for length in range(len(data))} == {None}


@given(st.sampled_from(sorted(IMAGES)), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8))  # fmt: skip
def test_whatever_the_bytes_it_is_shorter_or_none(name, changes):
    data = bytearray(IMAGES[name])
    for at, byte in changes:
        data[at % len(data)] = byte
    bare = without_metadata(bytes(data))
    assert bare is None or (len(bare) <= len(data) and without_metadata(bare) == bare)


def test_time_grows_with_length_and_no_faster():
    """A search for `\\xff+` would try a long run of FF from each of its bytes anew."""
    assert without_metadata(b"\xff\xd8" + b"\xff" * 3_000_000) is None
