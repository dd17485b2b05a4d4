"""A conversation as one HTML page that loads nothing: every word of it is text, whatever it looks like."""

from datetime import UTC
from html import escape
from typing import Final

from api.conversations.file import FileCitation, FileHead, FileMessage

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #ccc;padding:.6rem 0}header,footer,ol{color:#555;font-size:.9em}"
    ".words{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0}"
)
END: Final = "</body></html>\n"


def begin(head: FileHead) -> str:
    """Return what stands before the messages."""
    title = escape(head.title) or "Conversation"
    # The page may be opened from a folder: what a browser would load or run is forbidden by the page itself, too.
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n"
    )


def message(said: FileMessage) -> str:
    """Return a message with its files and sources."""
    who = escape(said.author) or ("Recollect" if said.role == "assistant" else "Someone")
    at = said.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    words = "<em>Deleted</em>" if said.deleted_at else escape(said.content)
    files = ", ".join(escape(file.name) for file in said.attachments)
    footer = f"<footer>Files: {files}</footer>" if files else ""
    cited = "".join(map(_source, said.reply.citations)) if said.reply else ""
    sources = f"<ol>{cited}</ol>" if cited else ""
    return (
        f'<article class="{said.role}"><header><strong>{who}</strong> <time>{at}</time></header>'
        f'<div class="words">{words}</div>{footer}{sources}</article>\n'
    )


def _source(citation: FileCitation) -> str:
    pages = citation.pages
    at = (
        ""
        if pages is None
        else f", p. {pages[0]}" + (f"-{pages[1]}" if pages[1] > pages[0] else "")
    )
    what = escape(citation.title) or "A source that is not shown"
    quote = f": <q>{escape(citation.quote)}</q>" if citation.quote else ""
    doubt = " (not verified)" if citation.verdict == "unverified" else ""
    return f'<li value="{citation.ref}"><cite>{what}</cite>{at}{quote}{doubt}</li>'
