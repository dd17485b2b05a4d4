"""Hundreds of hostile files through the real sandbox: text within bounds or a documented reason, nothing else.

Time and memory are bounded by the child's own limits, and a child that dies of them is a verdict like any other. Each file
is a test, so `pytest tests/hostile -k NAME` makes and reads it alone; what is random in it comes from its name.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from core.errors import PermanentFailure
from ingest.extract.segment import Member, Problem, Properties, Segment
from ingest.sandbox import extract
from ingest.sandbox_process import Limits
from ingest.source import media_type_of
from tests.hostile.corpus import corpus, seed_of
from tests.hostile.lure import SECRET, Lure, escaped, laid_out
from tests.shape.test_reasons import documented

NAMES = list(corpus(Lure()))
# A thirtieth of the product's time: what burns it burns any. No OCR: it would read a few pixels again and again.
LIMITS = Limits(cpu_s=2, ocr_pages=0)
# Slow once for their shape, linear now: these must be read, however slow the machine.
PATIENT = Limits(cpu_s=40, ocr_pages=0)
READ = tuple(name for name in NAMES if name.startswith(("floods.", "blank-title.")))
REASONS = documented()


@dataclass(slots=True)
class Verdict:
    code: str = ""
    message: str = "."
    remedy: str = "."
    text: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    member_bytes: int = 0


@pytest.fixture(scope="module")
async def lure() -> AsyncGenerator[Lure]:
    async with laid_out() as lure:
        yield lure


async def verdict_on(path: Path, name: str) -> Verdict:
    verdict = Verdict()
    try:
        media_type = await media_type_of(path, name)
        async for item in extract(path, media_type, limits=PATIENT if name in READ else LIMITS):
            match item:
                case Segment():
                    verdict.text.append(item.text)
                case Problem():
                    verdict.problems.append(item)
                case Member():
                    verdict.members.append(item.path)
                    verdict.member_bytes += len(item.data)
                case Properties():
                    verdict.text += item
    except PermanentFailure as refused:
        verdict.code, verdict.message, verdict.remedy = (
            refused.code,
            refused.message,
            refused.remedy,
        )
    return verdict


def test_there_are_enough_of_them():
    assert len([name for name in NAMES if not name.startswith(("cut.", "scribbled."))]) >= 400
    assert len(NAMES) >= 490


@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_file_ends_as_text_or_with_a_reason(name, lure, tmp_path):
    print(f"seed {seed_of(name)}")  # noqa: T201  (shown with a failure)
    path = tmp_path / "file"
    path.write_bytes(corpus(lure)[name]())
    before = {child.pid for child in psutil.Process().children()}
    verdict = await verdict_on(path, name)
    problems = [(p.code, p.message[-1:], p.remedy[-1:]) for p in verdict.problems]
    assert [each for each in problems if each[0] not in REASONS or each[1:] != (".", ".")] == []
    assert verdict.code in ({""} if name in READ else REASONS | {""})
    assert (verdict.message[-1], verdict.remedy[-1]) == (".", ".")
    assert sum(map(len, verdict.text)) <= LIMITS.characters + 2**18  # and what the properties say
    assert verdict.member_bytes <= LIMITS.member_bytes
    assert not any(SECRET in text or "\0" in text for text in verdict.text)
    assert [p for p in verdict.members if p.startswith("/") or ".." in p.split("/")] == []
    assert {child.pid for child in psutil.Process().children()} <= before
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (lure.callers, escaped()) == ([], [])


async def test_a_caller_would_have_been_seen():
    async with laid_out() as lure:
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.TransportError):
                await client.get(lure.url)
        assert len(lure.callers) == 1
