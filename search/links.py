"""Where a hit is opened: the resource in the API, and the address in the page that shows it at the words found."""

from uuid import UUID

from search.answer import Links

_API = "/api/v1"


def file_links(file_id: UUID, *, shown: range) -> Links:
    """Return the links of a file, open at `shown`, a span of its text."""
    return Links(
        self=f"{_API}/files/{file_id}",
        open=f"/#/file/{file_id}?start={shown.start}&end={shown.stop}",
    )


def message_links(conversation_id: UUID, message_id: UUID, *, shown: range) -> Links:
    """Return the links of a message in its conversation, open at `shown`, a span of its content."""
    return Links(
        self=f"{_API}/conversations/{conversation_id}?around={message_id}",
        open=f"/#/c/{conversation_id}?m={message_id}&start={shown.start}&end={shown.stop}",
    )
