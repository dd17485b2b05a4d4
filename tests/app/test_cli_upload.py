import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from app.cli_upload import Outcome, Source, Uploader, found_under
from app.client import open_client
from app.client_shapes import Upload

DATA = Path(__file__).parent.parent / "data" / "files"


def folder_of(tmp_path: Path) -> Path:
    root = tmp_path / "my papers"
    for name, text in {
        "a.txt": "one",
        "deep/b c.txt": "two",
        "deep/er/ü%.txt": "three",
        ".git/x": "no",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_folder_keeps_its_tree_and_hidden_files_stay_out(tmp_path):
    root = folder_of(tmp_path)
    assert found_under(root) == [
        Source(root / "a.txt", "my papers"),
        Source(root / "deep" / "b c.txt", "my papers/deep"),
        Source(root / "deep" / "er" / "ü%.txt", "my papers/deep/er"),
    ]
    assert found_under(root / "a.txt") == [Source(root / "a.txt", "")]


async def test_a_folder_is_uploaded_once_and_a_repeat_finds_it_there(
    ada, recollect, tmp_path, owner_connection
):
    root = folder_of(tmp_path)
    (root / "copy of a.txt").write_text("one")
    first = await recollect("upload", str(root))
    again = await recollect("upload", str(root), str(DATA / "minimal-document.pdf"))
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert first.stderr.splitlines()[-1] == "4 uploaded, 0 already there, 0 failed."
    assert again.stderr.splitlines()[-1] == "1 uploaded, 4 already there, 0 failed."
    rows = await owner_connection.fetch(
        "SELECT f.folder, v.sha256 FROM file f JOIN file_version v ON v.file_id = f.id ORDER BY f.folder"
    )
    assert [row["folder"] for row in rows] == [
        "",
        "my papers",
        "my papers",
        "my papers/deep",
        "my papers/deep/er",
    ]
    texts = [hashlib.sha256(text).digest() for text in (b"one", b"one", b"two", b"three")]
    assert [row["sha256"] for row in rows][1:] == texts


async def test_what_fails_says_why_and_does_not_keep_the_rest(ada, recollect, resources, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good.txt").write_text("good")
    too_large = folder / "large.bin"
    with too_large.open("wb") as file:
        file.truncate(resources.settings.max_upload_bytes + 100_000)
    ended = await recollect("upload", str(folder), str(tmp_path / "absent"))
    assert ended.exit_code == 1
    assert ended.stderr.splitlines()[-3:] == [
        f"{tmp_path / 'absent'}: No such file or directory",
        f"{too_large}: The file is larger than 200,000,000 bytes, the limit of this server.",
        "1 uploaded, 0 already there, 2 failed.",
    ]


async def test_a_cut_connection_is_tried_again_without_a_double(
    served, token, tmp_path, owner_connection
):
    """The first connection ends in the middle of the body, the second one works."""
    source = tmp_path / "a.txt"
    source.write_bytes(b"x" * 600_000)
    sent: list[int] = []
    async with (
        cutting_proxy(served.port) as port,
        open_client(f"http://127.0.0.1:{port}", token=token) as client,
    ):
        outcome = Outcome()
        await Uploader(client, outcome, sent.append).upload_all([Source(source, "")])
    assert (outcome.summary(), sum(sent)) == ("1 uploaded, 0 already there, 0 failed", 600_000)
    assert min(sent) < 0
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_a_large_file_goes_on_in_the_middle(served, token, tmp_path, owner_connection):
    """The connection ends in the middle of the bytes, and what was there by then is not sent again."""
    source = tmp_path / "large.bin"
    source.write_bytes(b"x" * 9_000_000)
    sent: list[int] = []
    async with (
        cutting_proxy(served.port, after=5_000_000) as port,
        open_client(f"http://127.0.0.1:{port}", token=token) as client,
    ):
        outcome = Outcome()
        uploader = Uploader(client, outcome, sent.append, notes=tmp_path / "notes")
        await uploader.upload_all([Source(source, "")])
    assert (outcome.summary(), sum(sent)) == ("1 uploaded, 0 already there, 0 failed", 9_000_000)
    assert max(sent) > 1_000_000  # what was there already, told at once
    assert await owner_connection.fetchval("SELECT count(*) FROM file") == 1


async def test_a_name_of_any_characters_arrives_as_it_is(served, token, owner_connection):
    async def content():
        yield b"text"

    async with open_client(served.url, token=token) as client:
        await client.upload(Upload("50% größer & ☃ #1.txt", "a/ü b", 4), content())
    row = await owner_connection.fetchrow(
        "SELECT i.title, f.folder FROM item i JOIN file f USING (workspace_id, id)"
    )
    assert tuple(row) == ("50% größer & ☃ #1.txt", "a/ü b")


async def test_files_go_with_their_password_and_what_failed_without_is_retried(
    ada, recollect, worker, owner_connection, tmp_path
):
    password = tmp_path / "password.txt"
    password.write_text("password\n")
    once = ("upload", str(DATA / "password.pdf"))
    await recollect(*once)
    await recollect("jobs", "--follow")
    assert await owner_connection.fetchval("SELECT reason_code FROM file") == "password_needed"
    again = await recollect(*once, "--password-file", str(password))
    assert again.stderr.splitlines()[-1] == "0 uploaded, 1 already there, 0 failed."
    await recollect("jobs", "--follow")
    assert await owner_connection.fetchval("SELECT state FROM file") == "ready"
    await owner_connection.execute("UPDATE item SET deleted_at = now()")
    anew = await recollect(*once, "--password-file", str(password))
    assert anew.stderr.splitlines()[-1] == "1 uploaded, 0 already there, 0 failed."
    await recollect("jobs", "--follow")
    states = await owner_connection.fetch("SELECT state FROM file")
    assert [row["state"] for row in states] == ["ready", "ready"]


@asynccontextmanager
async def cutting_proxy(port: int, *, after: int = 100_000) -> AsyncGenerator[int]:
    """A way to `port` that cuts the first connection with an upload after so many bytes, once."""
    cuts = iter([after])

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        api_reader, api_writer = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(copy(api_reader, writer))
        left = None
        while data := await reader.read(65_536):
            if left is None and b"/upload" in data:
                left = next(cuts, None)
            if left is not None and (left := left - len(data)) < 0:
                break
            api_writer.write(data)
            await api_writer.drain()
        api_writer.close()
        writer.close()
        await back

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()


async def test_a_name_that_is_no_utf8_is_read_as_old_disks_wrote_it_and_keeps_nothing_back(
    ada, recollect, tmp_path, owner_connection
):
    folder = tmp_path / "old" / os.fsdecode(b"M\xfcnchen")
    folder.mkdir(parents=True)
    for name in (b"Stra\xdfe.txt", b"zebra.txt"):
        (folder / os.fsdecode(name)).write_bytes(name)
    first = await recollect("upload", str(tmp_path / "old"))
    again = await recollect("upload", str(tmp_path / "old"))
    assert first.stderr.splitlines()[-1] == "2 uploaded, 0 already there, 0 failed."
    assert again.stderr.splitlines()[-1] == "0 uploaded, 2 already there, 0 failed."
    rows = await owner_connection.fetch(
        "SELECT f.folder, i.title FROM file f JOIN item i ON i.id = f.id ORDER BY i.title"
    )
    assert [tuple(row) for row in rows] == [
        ("old/München", "Straße.txt"),
        ("old/München", "zebra.txt"),
    ]
