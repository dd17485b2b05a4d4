import io
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import TiffImageFile

from ingest.extract.image import EXIF_AUTHOR, EXIF_MODIFIED, EXIF_TITLE, MOST_SOURCE_PIXELS, read
from ingest.extract.segment import MOST_PIXELS, Picture, Problem, Properties, Unreadable

ORIENTATION, STRIP_OFFSETS = 274, 273


def items_of(content, *, first=0):
    return list(read(io.BytesIO(content), first=first, most_characters=10**6))


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
def test_a_picture_is_its_grey_pixels(kind):
    image = Image.new("L", (3, 2), 255)
    image.putpixel((1, 0), 0)
    expected = Picture(0, None, None, "", 1, 3, 2, b"\xff\0\xff\xff\xff\xff")
    assert items_of(saved(image, kind)) == [expected]


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("WEBP", {"lossless": True})])
def test_a_picture_in_colour_too(kind, options):
    (picture,) = items_of(saved(Image.new("RGB", (16, 16), (255, 255, 255)), kind, **options))
    assert picture == Picture(0, None, None, "", 1, 16, 16, b"\xff" * 256)


def test_what_is_transparent_is_white():
    (picture,) = items_of(saved(Image.new("RGBA", (2, 1), (0, 0, 0, 0)), "PNG"))
    assert picture == Picture(0, None, None, "", 1, 2, 1, b"\xff\xff")


def test_a_picture_is_turned_as_its_camera_was_held():
    image = Image.new("L", (2, 1), 255)
    image.putpixel((0, 0), 0)
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the first row is the right-hand side
    (picture,) = items_of(saved(image, "PNG", exif=exif))
    assert picture == Picture(0, None, None, "", 1, 1, 2, b"\0\xff")


def test_the_pages_of_a_tiff_are_pages():
    pages = [Image.new("L", (1, 1), shade) for shade in (10, 20, 30)]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    expected = [
        Picture(n, n + 1, None, "", 3, 1, 1, bytes([shade])) for n, shade in enumerate((10, 20, 30))
    ]
    assert items_of(content) == expected
    assert items_of(content, first=2) == expected[2:]


DAMAGED = Problem(
    1,
    2,
    "page_unreadable",
    "Page 2 is damaged and cannot be read.",
    "Scan it anew and upload that.",
)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # of the one that is cut
def test_a_damaged_page_of_a_tiff_is_a_problem_and_the_others_are_read():
    pages = [Image.new("L", (50, 50), shade) for shade in (10, 20, 30)]
    content = saved(
        pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw"
    )
    image = Image.open(io.BytesIO(content))
    assert isinstance(image, TiffImageFile)
    image.seek(1)
    (second,) = image.tag_v2[STRIP_OFFSETS]
    broken = content[:second] + b"\xff" * 40 + content[second + 40 :]
    first, problem, last = items_of(broken)
    assert (first[:2], problem, last[:2]) == ((0, 1), DAMAGED, (2, 3))
    cut = content[: second + 100]
    assert items_of(cut)[0][:5] == (0, 1, None, "", 2)
    assert items_of(cut)[1] == DAMAGED


def test_a_page_of_a_tiff_with_too_many_pixels_is_a_problem():
    side = int(MOST_SOURCE_PIXELS**0.5) + 1
    pages = [Image.new("1", (1, 1)), Image.new("1", (side, side))]
    _, problem = items_of(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert isinstance(problem, Problem)
    assert (problem.page, problem.code, problem.message) == (
        2,
        "too_large",
        "Page 2: The picture has more than 50 million pixels.",
    )


def test_a_picture_of_more_pixels_is_made_smaller():
    (picture,) = items_of(saved(Image.new("L", (8000, 2000), 255), "JPEG"))
    assert isinstance(picture, Picture)
    assert picture.width * picture.height == len(picture.pixels) <= MOST_PIXELS
    assert picture.width == pytest.approx(4 * picture.height, rel=0.01)


def test_too_many_pixels_are_refused_before_they_are_decoded():
    side = int(MOST_SOURCE_PIXELS**0.5) + 1
    content = saved(Image.new("1", (side, side)), "PNG")
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "too_large"


def test_a_picture_that_claims_to_be_as_large_as_a_town_is_refused():
    chunks = (b"IHDR" + (10**6).to_bytes(4) * 2 + b"\x08\0\0\0\0", b"IDAT")
    body = b"".join(
        (len(chunk) - 4).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) for chunk in chunks
    )
    with pytest.raises(Unreadable) as caught:
        items_of(b"\x89PNG\r\n\x1a\n" + body)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b""])
def test_what_only_begins_like_a_picture_is_refused(content):
    with pytest.raises(Unreadable) as caught:
        items_of(content)
    assert caught.value.code == "broken_file"


def test_what_it_says_of_itself():
    exif = Image.Exif()
    exif[EXIF_TITLE], exif[EXIF_AUTHOR] = "The  harbour", "Ada"
    exif[EXIF_MODIFIED] = "2024:01:31 12:00:00"
    content = saved(Image.new("L", (1, 1)), "JPEG", exif=exif)
    assert items_of(content)[0] == Properties(
        title="The harbour", author="Ada", modified="2024-01-31T12:00:00"
    )
    text = PngInfo()
    text.add_text("Title", "A plan")
    content = saved(Image.new("L", (1, 1)), "PNG", pnginfo=text)
    assert items_of(content)[0] == Properties(title="A plan")
