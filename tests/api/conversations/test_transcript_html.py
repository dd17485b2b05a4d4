from datetime import UTC, datetime
from html.parser import HTMLParser

from api.conversations.file import FileAttachment, FileHead
from api.conversations.transcript_html import END, begin, message
from core.ids import new_id
from tests.api.conversations.test_transcript_markdown import cited, reply, said

AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
HOSTILE = "</div><script>alert(1)</script><img src=x onerror='y'>\"'&amp;"


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_hostile_words_are_text_wherever_they_stand():
    head = FileHead(id=new_id(), title=HOSTILE, created_at=AT, active_leaf_id=None)
    answer = said(
        HOSTILE, author=HOSTILE, role="assistant", parent_id=new_id(),
        attachments=(FileAttachment(file_id=new_id(), name=HOSTILE),),
        reply=reply(cited(title=HOSTILE, quote=HOSTILE)),
    )  # fmt: skip
    page = Page(begin(head) + message(answer) + END)
    assert not {"script", "img"} & set(page.tags)
    assert sum(HOSTILE in text for text in page.texts) == 7


def test_a_page_reads_as_its_conversation_does():
    page = Page(message(said("Hello <there>", author="")) + message(said("", deleted_at=AT)))
    assert "".join(page.texts).split("\n") == [
        "Someone 2026-05-01 09:30 UTCHello <there>",
        "Ada 2026-05-01 09:30 UTCDeleted",
        "",
    ]


def test_a_source_says_its_pages_and_whether_it_was_looked_at():
    answer = said(
        "In May.", role="assistant", author="", parent_id=new_id(),
        reply=reply(cited(pages=(3, 3)), cited(ref=2, verdict="unverified", pages=None)),
    )  # fmt: skip
    assert "".join(Page(message(answer)).texts) == (
        "Recollect 2026-05-01 09:30 UTCIn May.plan.pdf, p. 3: in Mayplan.pdf: in May (not verified)\n"
    )
