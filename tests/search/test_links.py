from uuid import UUID

from search.answer import Links
from search.links import file_links, message_links

A, B = UUID(int=1), UUID(int=2)


def test_a_file_opens_at_the_words():
    assert file_links(A, shown=range(3, 9)) == Links(
        f"/api/v1/files/{A}", f"/#/file/{A}?start=3&end=9"
    )


def test_a_message_opens_in_its_conversation_at_the_words():
    assert message_links(A, B, shown=range(4)) == Links(
        f"/api/v1/conversations/{A}?around={B}", f"/#/c/{A}?m={B}&start=0&end=4"
    )
