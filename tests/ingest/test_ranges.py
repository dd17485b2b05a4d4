import asyncio

import pytest

from core.errors import PermanentFailure
from core.ids import new_id
from ingest.ranges import (
    RANGE_CHARACTERS,
    Built,
    BuiltPassage,
    BuiltSegment,
    Range,
    cut_ranges,
    read_ranges,
)
from ingest.sandbox import Limits
from ingest.vectors import Pending
from tests.ingest.make_files import make_pdf, show, write

TEXT = "\n\n".join(
    f"# Part {n}\n\nThe harbour of part {n} opens at dawn. " + "Boats wait for the tide. " * 20
    for n in range(90)
)


def count_words(text: str) -> int:
    return len(text.split())


async def ranges_of(path, media_type="text/markdown", *, built=Built()) -> list[Range]:  # noqa: B008 frozen
    reading = read_ranges(path, media_type, built, count_tokens=count_words, limits=Limits())
    return [part async for part in reading if isinstance(part, Range)]


def built_of(ranges: list[Range], *, has_vector: bool) -> Built:
    """What is stored after these ranges."""
    segments = [placed.segment for part in ranges for placed in part.segments]
    passages = sum(len(part.chunks) for part in ranges)
    return Built(
        ranges[-1].next_ordinal,
        tuple(BuiltSegment(s.ordinal, s.page, s.label, s.text) for s in segments),
        tuple(BuiltPassage(new_id(), n, has_vector) for n in range(passages)),
    )


async def test_ranges_join_to_the_document_and_count_their_passages(tmp_path):
    parts = await ranges_of(write(tmp_path, TEXT.encode()))
    assert len(parts) > 2
    placed = [p for part in parts for p in part.segments]
    text = "".join(p.segment.text for p in placed)
    assert text == TEXT + "\n"
    assert [text[p.start :][: len(p.segment.text)] for p in placed] == [
        p.segment.text for p in placed
    ]
    sizes = [sum(len(p.segment.text) for p in part.segments) for part in parts]
    assert all(size >= RANGE_CHARACTERS for size in sizes[:-2])
    chunks = [chunk for part in parts for chunk in part.chunks]
    assert [chunk.text for chunk in chunks] == [text[c.start : c.end] for c in chunks]
    assert [part.first_passage for part in parts] == [
        sum(len(part.chunks) for part in parts[:n]) for n in range(len(parts))
    ]


async def test_reading_again_from_any_range_gives_what_was_missing(tmp_path):
    path = write(tmp_path, TEXT.encode())
    parts = await ranges_of(path)
    chunks = [chunk for part in parts for chunk in part.chunks]
    for done in range(1, len(parts)):
        built = built_of(parts[:done], has_vector=True)
        rest = await ranges_of(path, built=built)
        assert [c for part in rest for c in part.chunks] == chunks[len(built.passages) :]
        assert [p for part in rest for p in part.segments] == [
            p for part in parts[done:] for p in part.segments
        ]
        assert [part.unembedded for part in rest] == [()] * len(rest)


async def test_passages_without_a_vector_come_again_with_their_text(tmp_path):
    path = write(tmp_path, TEXT.encode())
    parts = await ranges_of(path)
    built = built_of(parts, has_vector=False)
    rest = await ranges_of(path, built=built)
    chunks = [chunk for part in parts for chunk in part.chunks]
    assert [pending for part in rest for pending in part.unembedded] == [
        Pending(passage.id, passage.ordinal, chunk.text)
        for passage, chunk in zip(built.passages, chunks, strict=True)
    ]
    assert [part.chunks for part in rest] == [()] * len(rest)


async def test_what_is_done_whole_gives_nothing_more(tmp_path):
    path = write(tmp_path, TEXT.encode())
    built = built_of(await ranges_of(path), has_vector=True)
    (said,) = await ranges_of(path, built=built)
    assert (said.segments, said.chunks, said.unembedded) == ((), (), ())


async def test_a_page_that_shows_nothing_is_counted_and_a_file_without_text_has_no_problem(
    tmp_path,
):
    path = write(tmp_path, make_pdf([show("The harbour opens."), b""]))
    *_, last = await ranges_of(
        path, "application/pdf"
    )  # the page with text first, where that took long
    assert (last.next_ordinal, last.segments_total) == (2, 2)
    (blank,) = await ranges_of(write(tmp_path, b"\n\n"))
    assert (blank.problems, blank.chunks) == ((), ())


async def test_a_file_that_cannot_be_read_raises_its_reason(tmp_path):
    with pytest.raises(PermanentFailure) as raised:
        await ranges_of(write(tmp_path, b""))
    assert raised.value.code == "empty_file"


async def test_passages_of_code_are_named_after_their_functions(tmp_path):
    path = write(tmp_path, b"# not a heading\nx = 1\n\n\ndef first():\n    return 1\n")
    (part,) = await ranges_of(path, "text/x-python")
    assert [one.headings for one in part.chunks] == [()]
    path = write(tmp_path, b"def first():\n    return 1\n" * 40)
    (part,) = await ranges_of(path, "text/x-python")
    assert {one.headings for one in part.chunks} == {("def first",)}


async def test_others_get_their_turn_while_what_is_stored_is_cut_again():
    """A lease must be renewed meanwhile."""
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def no_items():
        for item in ():
            yield item

    stored = tuple(BuiltSegment(n, None, None, TEXT) for n in range(20))
    other = asyncio.create_task(take_turns())
    parts = cut_ranges(no_items(), "text/markdown", Built(20, stored), count_tokens=count_words)
    assert len([chunk async for part in parts for chunk in part.chunks]) > 20
    other.cancel()
    assert turns >= 20
