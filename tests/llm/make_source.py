"""Sources for tests, made from the text that a file would have stored."""

from uuid import UUID

from llm.chat import Source


def make_source(text: str, *, ref: int = 1, start: int = 0, title: str = "notes.md") -> Source:
    return Source(
        ref=ref,
        passage_id=UUID(int=ref),
        kind="file",
        item_id=UUID(int=100 + ref),
        message_id=None,
        version=1,
        title=title,
        headings=("Rivers",),
        page_first=3,
        page_last=4,
        start=start,
        end=start + len(text),
        text=text,
        score=1.0,
    )
