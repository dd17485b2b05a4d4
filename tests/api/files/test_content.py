import pytest

from api.files.content import Segment, cut
from tests.api.uploading import read, upload
from tests.make import make_scope
from tests.shape.tree import ROOT

PDF = ROOT / "tests/data/files/pdflatex-outline.pdf"
DATA = bytes(range(256)) * 8
PAGES = (
    Segment(1, "xii", 0, "🔑 one\n"),
    Segment(2, None, 6, "two\n"),
    Segment(3, None, 10, "three\n"),
)


@pytest.fixture
async def scope(resources, owner_connection):
    return await make_scope(owner_connection)


@pytest.fixture
async def client(signed_in, scope):
    return await signed_in(scope)


async def test_the_bytes_come_back_as_an_attachment_that_nothing_opens(client):
    file = await upload(client, DATA, 'a "b" é.html')
    response = await client.get(f"/api/files/{file['id']}/content")
    assert response.content == DATA
    headers = {
        name: response.headers[name]
        for name in (
            "content-type",
            "content-length",
            "content-disposition",
            "x-content-type-options",
            "content-security-policy",
            "etag",
            "accept-ranges",
            "cache-control",
        )
    }
    assert headers == {
        "content-type": "application/octet-stream",
        "content-length": "2048",
        "content-disposition": "attachment; filename=\"a 'b' ?.html\"; filename*=UTF-8''a%20%22b%22%20%C3%A9.html",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "etag": f'"{file["sha256"]}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
    }


async def test_one_range_is_served_alone(client):
    file = await upload(client, DATA)
    url = f"/api/files/{file['id']}/content"
    response = await client.get(url, headers={"Range": "bytes=10-19"})
    assert (response.status_code, response.content) == (206, DATA[10:20])
    assert response.headers["content-range"] == "bytes 10-19/2048"
    assert (await client.get(url, headers={"Range": "bytes=-5"})).content == DATA[-5:]
    assert (
        await client.get(url, headers={"Range": "bytes=1-2", "If-Range": '"other"'})
    ).content == DATA
    behind = await client.get(url, headers={"Range": "bytes=5000-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, "bytes */2048")
    assert behind.json()["error"]["code"] == "RANGE_NOT_SATISFIABLE"
    assert (
        await client.get(url, headers={"If-None-Match": f'"{file["sha256"]}"'})
    ).status_code == 304


async def test_bytes_that_the_store_lost_are_told_to_be_gone(client, resources, owner_connection):
    file = await upload(client, DATA)
    await resources.blobs.delete(await owner_connection.fetchval("SELECT key FROM blob"))
    assert (await client.get(f"/api/files/{file['id']}/content")).status_code == 404
    assert (await client.get(f"/api/files/{file['id']}/content?version=2")).status_code == 404


async def test_text_is_cut_by_code_points(client, resources):
    text = "🔑 Schlüssel\n" + "Zeile äöü\n" * 30
    file = await upload(client, text.encode(), "a.txt")
    await read(resources)
    url = f"/api/files/{file['id']}/text"
    assert (await client.get(url)).json() == {
        "text": text,
        "start": 0,
        "end": len(text),
        "pages": [],
    }
    assert (await client.get(f"{url}?start=2&end=11")).json()["text"] == "Schlüssel"
    plain = await client.get(f"{url}?start=0&end=1", headers={"Accept": "text/plain"})
    assert (plain.text, plain.headers["content-type"]) == ("🔑", "text/plain; charset=utf-8")
    assert (await client.get(f"{url}?start=5000")).json() == {
        "text": "",
        "start": 5000,
        "end": 5000,
        "pages": [],
    }
    assert (await client.get(f"{url}?start=5&end=4")).status_code == 400


async def test_every_passage_is_the_text_at_its_offsets(client, resources):
    text = "\n\n".join(f"Paragraph {n} 🔑 " + "tells of keys and doors. " * 40 for n in range(12))
    file = await upload(client, text.encode(), "long.txt")
    await read(resources)
    url = f"/api/files/{file['id']}"
    whole = (await client.get(f"{url}/text")).json()["text"]
    passages, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"{url}/passages?limit=3{cursor and '&cursor='}{cursor}")).json()
        passages += page["items"]
        cursor = page["next_cursor"]
    assert [passage["ordinal"] for passage in passages] == list(range(len(passages)))
    assert len(passages) > 3
    assert [whole[p["start"] : p["end"]] for p in passages] == [p["text"] for p in passages]


async def test_a_page_of_a_pdf_is_told_with_its_place(client, resources):
    file = await upload(client, PDF.read_bytes(), "outline.pdf")
    await read(resources)
    detail = (await client.get(f"/api/files/{file['id']}")).json()
    [pages] = detail["searchable"]
    answer = (await client.get(f"/api/files/{file['id']}/text?page={pages['last']}")).json()
    assert [span["page"] for span in answer["pages"]] == [pages["last"]]
    assert len(answer["text"]) == answer["end"] - answer["start"] > 0


async def test_a_page_is_found_however_far_into_the_file_it_is(client, resources, owner_connection):
    """Behind offset 200,000 every page was empty."""
    file = await upload(client, PDF.read_bytes(), "outline.pdf")
    await read(resources)
    url = f"/api/files/{file['id']}/text"
    last = (await client.get(f"/api/files/{file['id']}")).json()["searchable"][0]["last"]
    near = (await client.get(f"{url}?page={last}")).json()
    await owner_connection.execute(
        "UPDATE text_segment SET span_start = span_start + 300000 WHERE page = $1", last
    )
    far = (await client.get(f"{url}?page={last}")).json()
    moved = [near["start"] + 300_000, near["end"] + 300_000]
    assert (far["text"], far["start"], far["end"]) == (near["text"], *moved)
    part = (await client.get(f"{url}?page={last}&end={moved[0] + 5}")).json()
    assert part["text"] == near["text"][:5]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 100, ("🔑 one\ntwo\nthree\n", 0, 16, [(1, 0, 6), (2, 6, 10), (3, 10, 16)])),
        (2, 8, ("one\ntw", 2, 8, [(1, 2, 6), (2, 6, 8)])),
        (0, 0, ("", 0, 0, [])),
    ],
)
def test_a_stretch_names_the_pages_that_it_touches(start, end, expected):
    segments = [s for s in PAGES if s.span_start < end and s.span_end > start]
    answer = cut(segments, start=start, end=end)
    pages = [(span.page, span.start, span.end) for span in answer.pages]
    assert (answer.text, answer.start, answer.end, pages) == expected
    assert [span.label for span in answer.pages] == ["xii", None, None][: len(pages)]
