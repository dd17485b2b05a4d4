import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.files.multipart import MAX_FIELD_BYTES, MultipartFile
from core.errors import InvalidInput

TYPE = "multipart/form-data; boundary=XX"


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return (
        f'--XX\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
        + data
        + b"\r\n"
    )


WHOLE = (
    part("folder", b"a/b")
    + part("file", b"\r\n--X not a boundary\r\n", "x.txt")
    + part("note", b"n")
    + b"--XX--\r\n"
)


async def read(
    body: bytes, *, at: int | None = None, content_type: str = TYPE
) -> tuple[bytes, MultipartFile]:
    async def chunks():
        cuts = [body] if at is None else [body[i : i + at] for i in range(0, len(body), at)]
        for chunk in cuts:
            yield chunk

    form = MultipartFile(content_type, chunks())
    return b"".join([piece async for piece in form.file()]), form


@pytest.mark.parametrize("at", [1, 2, 7, 64, None])
async def test_the_file_and_its_fields_are_the_same_wherever_the_body_is_cut(at):
    data, form = await read(WHOLE, at=at)
    assert data == b"\r\n--X not a boundary\r\n"
    assert (form.filename, form.fields) == ("x.txt", {"folder": "a/b", "note": "n"})


async def test_an_empty_file_is_a_file():
    data, form = await read(part("file", b"", "empty.txt") + b"--XX--\r\n")
    assert (data, form.filename) == (b"", "empty.txt")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not multipart",
        WHOLE[:-20],
        part("folder", b"a") + b"--XX--\r\n",
        part("a", b"1", "a") + part("b", b"2", "b") + b"--XX--\r\n",
        part("folder", b"x" * (MAX_FIELD_BYTES + 1)) + WHOLE,
        part("folder", b"\xff") + WHOLE,
        part("f", b"") * 20 + WHOLE,
        b"--XX\r\nContent-Disposition: form-data; name=" + b"x" * 20_000 + b"\r\n\r\n",
        b"--XX\r\n" + b"A: b\r\n" * 50 + b"\r\n",
    ],
    ids=[
        "empty",
        "garbage",
        "cut",
        "no file",
        "two files",
        "long field",
        "no UTF-8",
        "many parts",
        "long header",
        "many headers",
    ],
)
async def test_a_body_that_is_not_one_file_is_refused(body):
    with pytest.raises(InvalidInput):
        await read(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 300}",
    ],
)
def test_a_boundary_is_needed(content_type):
    with pytest.raises(InvalidInput):
        MultipartFile(content_type, None)  # pyright: ignore[reportArgumentType]


@given(st.binary(max_size=200))
async def test_any_body_is_a_file_or_refused(body):
    try:
        await read(body, at=3)
    except InvalidInput:
        return
