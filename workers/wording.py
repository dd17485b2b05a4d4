"""Notices in words: the headline of a push or a letter, and what stands below it. Pure."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from core.mail import Letter
from search.notices import Notice, Subject

MOST_EXCERPT: Final = 200  # characters of somebody's words
_UNNAMED: Final = "a conversation"
_HAPPENED: Final = {
    "mention": "{actor} mentioned you in {title}",
    "invited": "{actor} let you into {title}",
    "reply.finished": "A reply is ready in {title}",
    "file.ready": "{title} has been read",
    "file.failed": "{title} could not be read",
}


@dataclass(frozen=True, slots=True)
class Site:
    """Where people open Recollect."""

    url: str

    def link(self, notice: Notice) -> str:
        """Return where a notice is looked at: at its subject, or in the list."""
        place = notice.subject.open if notice.subject else "/#/search"
        return f"{self.url.rstrip('/')}{place}"


def headline(notice: Notice) -> str:
    """Return one line: what has happened, and where."""
    if notice.subject is not None:
        return _HAPPENED[notice.kind].format(
            actor=notice.subject.actor or "Somebody", title=notice.subject.title or _UNNAMED
        )
    name = notice.saved_search.name if notice.saved_search else ""
    if notice.kind == "webhook.disabled":
        return f"The webhook of {name} is called no more"
    found = len(notice.matches)
    return f"{found} new {'result' if found == 1 else 'results'} for {name}"


def push_text(notice: Notice, *, site: Site) -> bytes:
    """Return what a browser shows; `id` is the same each time, so that one notice is shown once."""
    told = {
        "id": str(notice.id),
        "kind": notice.kind,
        "title": headline(notice),
        "body": _excerpt(notice.subject) if notice.subject else "",
        "url": site.link(notice),
    }
    return orjson.dumps(told)


def letter(notice: Notice, *, to: str, site: Site) -> Letter:
    """Return the letter of one notice."""
    return Letter(to, headline(notice), _written([notice], site=site), str(notice.id))


def digest(notices: list[Notice], *, to: str, site: Site, digest_id: UUID) -> Letter:
    """Return the letter of a day."""
    many = len(notices)
    subject = headline(notices[0]) if many == 1 else f"{many} things happened in Recollect"
    return Letter(to, subject, _written(notices, site=site), str(digest_id))


def _written(notices: list[Notice], *, site: Site) -> str:
    parts = [_paragraph(notice, site=site) for notice in notices]
    end = f"You chose to be told by e-mail; change it at {site.url.rstrip('/')}/#/notifications"
    return "\n\n".join([*parts, "-- ", end]) + "\n"


def _paragraph(notice: Notice, *, site: Site) -> str:
    said = (
        [_excerpt(notice.subject)] if notice.subject else [_shown(m.title) for m in notice.matches]
    )
    lines = [headline(notice), *(f"    {line}" for line in said if line), site.link(notice)]
    return "\n".join(lines)


def _excerpt(subject: Subject) -> str:
    return _shown(subject.excerpt)


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_EXCERPT else f"{line[: MOST_EXCERPT - 1]}…"
