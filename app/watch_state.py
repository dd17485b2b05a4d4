"""What `recollect watch` remembers of a folder between two runs: which files the server has, in one small JSON file.

When it is lost, or a run ended before it was written, the watcher asks the server by folder and name instead: nothing comes twice.
"""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from pydantic import TypeAdapter, ValidationError

from app.watch_look import Known

_SHAPE = TypeAdapter(dict[str, Known])


@dataclass(slots=True)
class WatchState:
    """The files by their path in the watched folder, whose names may be no UTF-8."""

    path: Path
    files: dict[str, Known] = field(default_factory=dict[str, Known])

    def save(self) -> None:
        """Write it so that a crash leaves the old or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self.path.with_suffix(".new")
        named = {quote(path, errors="surrogateescape"): known for path, known in self.files.items()}
        new.write_bytes(_SHAPE.dump_json(named))
        new.replace(self.path)


def read_state(path: Path) -> WatchState:
    """Return what was kept; nothing where that is absent or not to be understood."""
    try:
        named = _SHAPE.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return WatchState(path)
    files = {unquote(name, errors="surrogateescape"): known for name, known in named.items()}
    return WatchState(path, files)


def state_path(url: str, *, root: Path, folder: str) -> Path:
    """Return where the state of one folder at one server is kept."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    name = hashlib.sha256(f"{url}\0{root}\0{folder}".encode()).hexdigest()[:32]
    return Path(state) / "recollect" / "watch" / f"{name}.json"
