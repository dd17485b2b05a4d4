"""Build what a chat model is given: rules, recent turns, numbered sources with their provenance, the question.

Retrieved text is data: it stands in delimiters that it cannot write itself, without characters that hide or reorder text.
The words stand in prompts/*.md. Retrieval, permission and packing (llm/packing.py) come before.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Template
from typing import Final
from uuid import UUID

from llm.chat import ChatMessage, Document, Source
from llm.fold import INVISIBLE, REFERENCE
from llm.images import ImageFate, Picture

ABSTENTION = "The sources do not answer this."
TITLE_CHARS = 200

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DELIMITER = re.compile(r"<(?=\s*/?\s*source)", re.IGNORECASE)


HISTORY_CHARS = 4_000  # of recent turns, newest first
QUESTION_CHARS = 8_000
MOST_CLAIMS = 10  # told to be without support when an answer is tried again
CLAIM_CHARS = 300
_LEFT_OUT: Final[Mapping[ImageFate, str]] = {
    "too large": "an image that is too large to show",
    "too many": "an image that is left out, as there are too many",
    "unreadable": "an image that cannot be read",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """`sources` are those that the model is given, as it is given them: cite and verify against these.

    `pictures` are all images attached; those that were not left out are in the last message.
    """

    messages: tuple[ChatMessage, ...]
    sources: tuple[Source, ...]
    pictures: tuple[Picture, ...] = ()

    @property
    def can_answer(self) -> bool:
        """Return whether the model is given anything that an answer may be found in."""
        return bool(self.sources or self.messages[-1].images)

    @property
    def sha256(self) -> str:
        """Return a digest of all that the model is given, for the trace."""
        digest = hashlib.sha256()
        for message in self.messages:
            digest.update(f"{message.role}\0{message.content}\0".encode())
            for image in message.images:
                digest.update(image.data)
        return digest.hexdigest()


def build_prompt(
    question: str,
    sources: Sequence[Source],
    *,
    history: Sequence[ChatMessage] = (),
    pictures: Sequence[Picture] = (),
) -> Prompt:
    """Return the prompt with `sources` (packed, best first), `history` (oldest turn first) and the images attached."""
    clean = safe(question)[:QUESTION_CHARS]
    listed = _listed(pictures)
    asked = ChatMessage(
        "user",
        _template("question").substitute(
            sources="\n".join(_source_block(source) for source in sources),
            images=listed,
            question=clean,
        ),
        bare=listed + clean,
        documents=tuple(_document(source) for source in sources),
        images=tuple(picture.image for picture in pictures if picture.image),
    )
    rules = _rules(has_images=bool(asked.images))
    return Prompt((rules, *history, asked), tuple(sources), tuple(pictures))


def in_prose(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages for a provider that is to cite nothing by itself."""
    return [replace(message, bare=None, documents=()) for message in messages]


def _rules(*, has_images: bool) -> ChatMessage:
    seeing = _template("answer_from_images").substitute() if has_images else ""
    ways = (_template(name).substitute() for name in ("cite_by_markers", "cite_by_itself"))
    by_markers, by_itself = (
        _template("answer").substitute(abstention=ABSTENTION, citing=(way + seeing).strip())
        for way in ways
    )
    return ChatMessage("system", by_markers, bare=by_itself)


def said_again(claims: Sequence[str]) -> str:
    """Return what is put behind a question to have an answer written again without claims that lacked support."""
    lines = (" ".join(safe(REFERENCE.sub("", claim)).split()) for claim in claims[:MOST_CLAIMS])
    told = "\n".join(f"- {line[:CLAIM_CHARS]}" for line in lines)
    return _template("again").substitute(claims=told).strip()


def abstained(answer: str) -> bool:
    """Return whether a model's whole answer says that the sources do not answer."""
    return REFERENCE.sub("", answer).strip(" \n\"'.*") in ("", ABSTENTION.rstrip("."))


def recent(
    turns: Sequence[tuple[UUID, ChatMessage]], *, characters: int = HISTORY_CHARS
) -> dict[UUID, ChatMessage]:
    """Return the newest whole turns (given newest first) within `characters`, oldest first, from a user's turn on.

    Markers are taken out: they would name other sources now.
    """
    kept: list[tuple[UUID, ChatMessage]] = []
    for turn_id, turn in turns:
        content = REFERENCE.sub("", safe(turn.content)).strip()
        characters -= len(content)
        if characters < 0:
            break
        if content and turn.role != "system":
            kept.append((turn_id, ChatMessage(turn.role, content)))
    while kept and kept[-1][1].role == "assistant":
        kept.pop()
    return dict(reversed(kept))


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


def _listed(pictures: Sequence[Picture]) -> str:
    """Return the names of the images, those that are shown in the order in which they are."""
    shown = [_attribute(each.name) for each in pictures if each.image]
    lines = [f"{n}. {name}" for n, name in enumerate(shown, start=1)]
    lines += [f"- {_attribute(p.name)}: {_LEFT_OUT[p.fate]}" for p in pictures if not p.image]
    return _template("images").substitute(images="\n".join(lines)) + "\n" if lines else ""


def _document(source: Source) -> Document:
    place = " > ".join(source.headings)
    pages = f"pages {_pages(source)}" if source.page_first is not None else ""
    context = ", ".join(part for part in (source.kind, place, pages) if part)
    title = _attribute(source.title) or "untitled"
    return Document(source.ref, title, _attribute(context), safe(source.text))


def _pages(source: Source) -> str:
    if source.page_first is None:
        return ""
    if source.page_last in (None, source.page_first):
        return str(source.page_first)
    return f"{source.page_first}-{source.page_last}"


def _attribute(value: str) -> str:
    one_line = " ".join(safe(value).split())
    return one_line.replace('"', "'").replace("<", "‹").replace(">", "›")[:TITLE_CHARS]  # noqa: RUF001


@cache
def _template(name: str) -> Template:
    return Template((Path(__file__).parent / "prompts" / f"{name}.md").read_text(encoding="utf-8"))
