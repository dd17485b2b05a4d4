"""tesseract itself is asked where it is installed; where it is not, those tests are skipped and say so."""

import shutil
from dataclasses import replace

import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.extract.segment import Picture, Problem, Segment
from ingest.ocr import INSTALL_REMEDY, PROGRAM, Ocr, Tesseract, find_tesseract, recognise
from ingest.sandbox_process import ChildDied, Limits

LIMITS = Limits()
NOTHING = Picture(0, 1, None, "", 3, 1, 1, b"\xff")
needs_tesseract = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason="tesseract is not installed (tesseract-ocr)"
)


def picture_of(*lines, turned=0):
    image = Image.new("L", (900, 120 + 60 * len(lines)), 255)
    font = ImageFont.load_default(40)
    ImageDraw.Draw(image).multiline_text((60, 60), "\n".join(lines), fill=0, font=font, spacing=20)
    image = image.rotate(turned, expand=True)
    return Picture(4, 5, "v", "", 9, image.width, image.height, image.tobytes())


def program(tmp_path, script):
    """A program that stands in for tesseract: what matters here is how it ends."""
    path = tmp_path / "tesseract"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Tesseract(str(path), frozenset({"eng", "osd"}))


@needs_tesseract
async def test_what_a_picture_shows_is_the_text_of_its_page():
    picture = picture_of("The harbour opens", "at dawn for exam-", "ple on Sundays.")
    assert await Ocr(LIMITS).read(picture) == Segment(
        4, 5, "v", "The harbour opens\nat dawn for example\non Sundays.\n", 9
    )


@needs_tesseract
async def test_an_empty_picture_shows_nothing():
    white = Picture(0, None, None, "", 1, 400, 400, b"\xff" * 160_000)
    assert await Ocr(LIMITS).read(white) == Segment(0, None, None, "", 1)


@needs_tesseract
async def test_languages_that_are_not_installed_are_left_out():
    limits = replace(LIMITS, ocr_languages="eng+klingon")
    segment = await Ocr(limits).read(picture_of("The harbour opens"))
    assert isinstance(segment, Segment)
    assert segment.text == "The harbour opens\n"


@needs_tesseract
async def test_the_program_says_its_languages():
    found = await find_tesseract()
    assert found is not None
    assert "eng" in found.languages


async def test_without_the_program_the_first_picture_says_so_and_the_rest_keep_quiet(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    ocr = Ocr(LIMITS)
    message = "What is shown in pictures was not read: tesseract is not installed."
    assert await ocr.read(NOTHING) == Problem(0, 1, "no_ocr", message, INSTALL_REMEDY)
    later = NOTHING._replace(ordinal=1, page=2, text="stamp\n")
    assert await ocr.read(later) == Segment(1, 2, None, "stamp\n", 3)


async def test_no_more_pictures_are_read_than_allowed(monkeypatch, tmp_path):
    program(tmp_path, "if [ $1 = --list-langs ]; then echo langs; echo eng; else echo read; fi")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ocr = Ocr(replace(LIMITS, ocr_pages=1))
    assert await ocr.read(NOTHING) == Segment(0, 1, None, "read\n", 3)
    problem = await ocr.read(NOTHING._replace(ordinal=1, page=2))
    assert isinstance(problem, Problem)
    assert (problem.ordinal, problem.page, problem.code) == (1, 2, "too_many_pictures")


async def test_what_the_page_says_stays_where_the_picture_shows_less(monkeypatch, tmp_path):
    program(tmp_path, "if [ $1 = --list-langs ]; then echo langs; echo eng; else echo x; fi")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert await Ocr(LIMITS).read(NOTHING._replace(text="Page 7\n")) == Segment(
        0, 1, None, "Page 7\n", 3
    )


async def test_headings_and_notes_stay_beside_what_the_picture_shows(monkeypatch, tmp_path):
    """The longer of the two was kept: a scan with a long note lost its text, one with a short note the note."""
    program(tmp_path, "if [ $1 = --list-langs ]; then echo langs; echo eng; else echo shown; fi")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    noted = NOTHING._replace(text="7\n", above="# Tides\n", below="Is this true? Ask her.\n")
    whole = "# Tides\n\nshown\n\nIs this true? Ask her.\n"
    assert await Ocr(LIMITS).read(noted) == Segment(0, 1, None, whole, 3)
    unread = await Ocr(replace(LIMITS, ocr_pages=0)).read(noted)
    assert unread == Segment(0, 1, None, whole.replace("shown", "7"), 3)


async def test_it_gets_the_pixels_the_languages_and_no_environment(tmp_path):
    script = 'head -c 11 | tr "\\n" " "; echo "$@"; echo "$OMP_THREAD_LIMIT$HOME"'
    shown = await recognise(NOTHING, program(tmp_path, script), limits=LIMITS)
    assert shown == "P5 1 1 255 stdin stdout -l eng --psm 1\n1\n"


@pytest.mark.parametrize(
    ("script", "limits", "code"),
    [
        ("exec sleep 60", replace(LIMITS, wall_s=0.5), "too_slow"),
        ("while :; do :; done", replace(LIMITS, cpu_s=1), "too_slow"),
        ("kill -SEGV $$", LIMITS, "reader_crashed"),
        ("exit 1", LIMITS, "reader_crashed"),
    ],
)
async def test_a_limit_or_a_crash_ends_the_page_and_leaves_no_process(
    tmp_path, script, limits, code
):
    before = psutil.Process().children()
    with pytest.raises(ChildDied) as death:
        await recognise(NOTHING, program(tmp_path, script), limits=limits)
    assert death.value.code == code
    assert psutil.Process().children() == before


async def test_a_page_that_kills_the_program_is_a_problem(monkeypatch, tmp_path):
    program(tmp_path, "if [ $1 = --list-langs ]; then echo langs; echo eng; else exit 1; fi")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    problem = await Ocr(LIMITS).read(NOTHING)
    assert isinstance(problem, Problem)
    assert (problem.page, problem.code, problem.message) == (
        1,
        "reader_crashed",
        "Page 1 made the reader crash.",
    )


@pytest.mark.parametrize(
    ("ends", "bound"), [("exit 1", {"ocr_deaths": 2}), ("echo read", {"ocr_wall_s": 1e-9})]
)
async def test_no_more_pictures_are_tried_after_some_deaths_or_too_long_a_time(
    monkeypatch, tmp_path, ends, bound
):
    """200 pictures of noise, each for the whole of its time, kept a worker busy for hours."""
    program(tmp_path, f"if [ $1 = --list-langs ]; then echo langs; echo eng; else {ends}; fi")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ocr = Ocr(replace(LIMITS, **bound))
    read = [await ocr.read(NOTHING._replace(ordinal=n, page=n + 1)) for n in range(4)]
    problems = [each.code for each in read if isinstance(each, Problem)]
    crashed = ["reader_crashed"] * bound.get("ocr_deaths", 0)
    assert problems == [*crashed, "too_many_pictures"]
    assert read[-1] == Segment(3, 4, None, "", 3)


async def test_a_program_that_cannot_list_its_languages_is_none(monkeypatch, tmp_path):
    program(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert await find_tesseract() is None
