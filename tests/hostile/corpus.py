"""All hostile files by name: made by hand, and the small real files of every format cut off or scribbled over.

Every file is made anew from its name alone; a seed is the CRC of the name, so a failure can be run again by itself.
"""

import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile import archives, mails, office, pdfs, pictures, texts
from tests.hostile.lure import Lure

REAL = Path(__file__).parents[1] / "data" / "files"
LARGEST = 200_000  # bytes of a real file that is worth breaking
SCRIBBLES = 40


def corpus(lure: Lure) -> Mapping[str, Callable[[], bytes]]:
    """Return each file's maker; nothing is made before it is asked for."""
    by_hand = [module.files(lure) for module in (pdfs, archives, office, pictures, texts, mails)]
    names = [name for group in by_hand for name in group]
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]
    return {name: make for group in (*by_hand, _broken()) for name, make in group.items()}


def _broken() -> Mapping[str, Callable[[], bytes]]:
    made: dict[str, Callable[[], bytes]] = {}
    for path in sorted(REAL.iterdir()):
        if path.suffix and path.stat().st_size <= LARGEST:
            made[f"cut.{path.name}"] = lambda p=path: cut(p.read_bytes(), f"cut.{p.name}")
            made[f"scribbled.{path.name}"] = lambda p=path: scribbled(p.read_bytes(), f"scribbled.{p.name}")  # fmt: skip
    return made


def seed_of(name: str) -> int:
    return zlib.crc32(name.encode())


def cut(data: bytes, name: str) -> bytes:
    return data[: random.Random(seed_of(name)).randrange(1, len(data))]


def scribbled(data: bytes, name: str) -> bytes:
    """Change some bytes behind the first sixteen, which say what it is."""
    random_, out = random.Random(seed_of(name)), bytearray(data)
    for _ in range(SCRIBBLES):
        out[random_.randrange(min(16, len(out) - 1), len(out))] = random_.randrange(256)
    return bytes(out)
