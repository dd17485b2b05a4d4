"""A slide's text, whatever presentation it is from: its title as a heading, what is on it, then the notes under theirs."""

from ingest.extract.blocks import Blocks


def slide_text(title: str, pieces: list[str], *, notes: str, page: int) -> str:
    """Return the text, "" for an empty slide. One without a title is headed by its number: else the last one's stood for it."""
    body = [*pieces, notes and f"## Notes\n\n{notes}"]
    if not title and not any(body):
        return ""
    heading = Blocks()
    heading.heading(title or f"Slide {page}", level=1)
    return "\n".join(filter(None, [heading.drain(), *body]))
