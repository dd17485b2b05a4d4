"""A conversation as Markdown to read: what people and models wrote stays theirs, and cannot become part of the frame.

Outside fenced code no line begins a heading and no < begins an element; a fence that is left open ends with its message.
Nothing is an image that a viewer would load, in code either: viewers differ in where they see code end.
"""

import re
from datetime import UTC
from typing import Final

from api.conversations.file import FileCitation, FileHead, FileMessage

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_IMAGE: Final = re.compile(r"!(?=\[)")
# What can be nothing but an image, for code has ![ too.
_LOADED: Final = re.compile(r"!(?=\[[^\]]{0,999}\]\s*[(\[])")
_TARGET: Final = re.compile(r"^(\W*)\[(?=[^\]]{1,999}\]:)")  # of images that name it elsewhere
_HEADING: Final = re.compile(r"(\s*)(#|=+\s*$|-+\s*$)")


def title(head: FileHead) -> str:
    """Return the beginning of the file."""
    return f"# {_inline(head.title) or 'Conversation'}\n"


def message(said: FileMessage) -> str:
    """Return a message with its files and sources."""
    who = _inline(said.author) or ("Recollect" if said.role == "assistant" else "Someone")
    at = said.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    words = "*Deleted*" if said.deleted_at else _words(said.content)
    parts = [f"\n## {who}, {at}\n", words]
    if said.attachments:
        names = ", ".join(_inline(file.name) for file in said.attachments)
        parts.append(f"Files: {names}")
    if said.reply and said.reply.citations:
        parts.append("\n".join(_source(citation) for citation in said.reply.citations))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _source(citation: FileCitation) -> str:
    pages = citation.pages
    at = (
        ""
        if pages is None
        else f", p. {pages[0]}" + (f"-{pages[1]}" if pages[1] > pages[0] else "")
    )
    what = _inline(citation.title) or "A source that is not shown"
    quote = f": “{_inline(citation.quote)}”" if citation.quote else ""
    doubt = " (not verified)" if citation.verdict == "unverified" else ""
    return f"- \\[{citation.ref}\\] {what}{at}{quote}{doubt}"


def _inline(text: str) -> str:
    """Return text on one line in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#&|!])", r"\\\1", " ".join(text.split()))


def _words(content: str) -> str:
    lines: list[str] = []
    fence = ""
    for line in content.splitlines():
        found = _FENCE.fullmatch(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
            lines.append(_TARGET.sub(r"\1\\[", _LOADED.sub(r"!\\", line)))
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            lines.append(line)
        else:
            plain = _TARGET.sub(r"\1\\[", _IMAGE.sub(r"!\\", line)).replace("<", "\\<")
            is_heading = _HEADING.match(plain)
            lines.append(_HEADING.sub(r"\1\\\2", plain, count=1) if is_heading else plain)
    if fence:
        lines.append(fence)
    return "\n".join(lines)
