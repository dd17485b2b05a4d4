"""Build what a chat model is given: rules, recent turns, numbered sources with their provenance, the question.

Retrieved text is data: it stands in delimiters that it cannot write itself, without characters that hide or reorder text.
Budgets are in characters, about four to a token; the words stand in prompts/*.md. Retrieval and permission come before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Template

from llm.chat import ChatMessage, Source
from llm.fold import INVISIBLE, REFERENCE

ABSTENTION = "The sources do not answer this."
TITLE_CHARS = 200

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DELIMITER = re.compile(r"<(?=\s*/?\s*source)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Budget:
    """Default: 5 passages in 12,000 characters, which is about 3,000 tokens; recent turns come on top."""

    passages: int = 5
    source_chars: int = 12_000
    history_chars: int = 4_000
    question_chars: int = 8_000


DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True)
class Prompt:
    """`sources` are those that the model is given, as it is given them: cite and verify against these."""

    messages: tuple[ChatMessage, ...]
    sources: tuple[Source, ...]


def build_prompt(
    question: str,
    sources: Sequence[Source],
    *,
    history: Sequence[ChatMessage] = (),
    budget: Budget = DEFAULT_BUDGET,
) -> Prompt:
    """Return the prompt with the best of `sources` (given best first) and the newest turns of `history` (oldest first)."""
    given = fitting(sources, budget)
    asked = _template("question").substitute(
        sources="\n".join(_source_block(source) for source in given),
        question=safe(question)[: budget.question_chars],
    )
    rules = _template("answer").substitute(abstention=ABSTENTION)
    messages = (
        ChatMessage("system", rules),
        *_recent(history, budget.history_chars),
        ChatMessage("user", asked),
    )
    return Prompt(messages, given)


def fitting(sources: Sequence[Source], budget: Budget) -> tuple[Source, ...]:
    """Return the sources that fit, numbered from 1; the one that does not is cut, not the better ones before it."""
    given: list[Source] = []
    left = budget.source_chars
    for source in sources[: budget.passages]:
        text = source.text[:left]
        if not text.strip():
            continue
        cut = replace(source, ref=len(given) + 1, text=text, end=source.start + len(text))
        given.append(cut)
        left -= len(text)
    return tuple(given)


def abstained(answer: str) -> bool:
    """Return whether a model's whole answer says that the sources do not answer."""
    return REFERENCE.sub("", answer).strip(" \n\"'.*") in ("", ABSTENTION.rstrip("."))


def safe(text: str) -> str:
    """Return text that can neither hide anything from a reader nor leave the delimiters it is put in."""
    visible = _CONTROLS.sub("", INVISIBLE.sub("", text))
    return _DELIMITER.sub("‹", visible)  # noqa: RUF001  (a look-alike that closes nothing)


def _source_block(source: Source) -> str:
    provenance = {
        "title": source.title,
        "section": " > ".join(source.headings),
        "pages": _pages(source),
    }
    attributes = "".join(f' {name}="{_attribute(v)}"' for name, v in provenance.items() if v)
    return f'<source number="[{source.ref}]" kind="{source.kind}"{attributes}>\n{safe(source.text)}\n</source>'


def _pages(source: Source) -> str:
    if source.page_first is None:
        return ""
    if source.page_last in (None, source.page_first):
        return str(source.page_first)
    return f"{source.page_first}-{source.page_last}"


def _attribute(value: str) -> str:
    one_line = " ".join(safe(value).split())
    return one_line.replace('"', "'").replace("<", "‹").replace(">", "›")[:TITLE_CHARS]  # noqa: RUF001


def _recent(history: Sequence[ChatMessage], chars: int) -> list[ChatMessage]:
    """Return the newest whole turns within `chars`, from a user's turn on; old markers would name other sources."""
    kept: list[ChatMessage] = []
    for turn in reversed(history):
        content = REFERENCE.sub("", safe(turn.content)).strip()
        chars -= len(content)
        if chars < 0:
            break
        if content and turn.role != "system":
            kept.append(ChatMessage(turn.role, content))
    while kept and kept[-1].role == "assistant":
        kept.pop()
    return kept[::-1]


@cache
def _template(name: str) -> Template:
    return Template((Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8"))
