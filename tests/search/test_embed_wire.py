"""What is packed comes out again, and nothing that is not a frame comes out at all."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.embed_wire import (
    MAX_FRAME_BYTES,
    Answer,
    BadFrame,
    Question,
    frame,
    pack_rows,
    pack_texts,
    read_frame,
    unpack_rows,
    unpack_texts,
)


def _reader(sent: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    reader.feed_eof()
    return reader


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
async def test_texts_come_out_as_they_went_in(texts):
    frames = _reader(pack_texts(7, "documents", texts))
    assert unpack_texts(*await read_frame(frames, Question)) == texts


async def test_a_lone_surrogate_travels_as_a_question_mark():
    question, body = await read_frame(_reader(pack_texts(1, "query", ["a\udfffb"])), Question)
    assert unpack_texts(question, body) == ["a?b"]


async def test_headers_and_bodies_come_out_in_turn():
    busy = Answer(3, "unavailable", "busy", 5.0)
    done = Answer(4, "done", characters_per_piece=4.25)
    reader = _reader(frame(busy) + frame(done, b"rows"))
    assert await read_frame(reader, Answer) == (busy, b"")
    assert await read_frame(reader, Answer) == (done, b"rows")
    with pytest.raises(ConnectionResetError):
        await read_frame(reader, Answer)


def test_rows_come_out_as_they_went_in():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(unpack_rows(pack_rows(rows), 3), rows)


async def test_a_frame_too_large_is_not_read():
    sizes = (MAX_FRAME_BYTES).to_bytes(4, "little") + (1).to_bytes(4, "little")
    with pytest.raises(BadFrame, match=f"{MAX_FRAME_BYTES + 1} bytes"):
        await read_frame(_reader(sizes), Question)


async def test_a_header_of_another_kind_is_refused():
    with pytest.raises(BadFrame):
        await read_frame(_reader(frame(Answer(1, "done"))), Question)
