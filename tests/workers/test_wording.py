from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from search.answer import Links
from search.notices import Notice, ReportedMatch, SearchName, Subject
from workers.wording import MOST_EXCERPT, Site, digest, headline, letter, push_text

AT = datetime(2026, 1, 1, tzinfo=UTC)
ID = UUID(int=7)
SITE = Site("https://recall.example.org/")
SUBJECT = Subject(UUID(int=1), UUID(int=2), None, "Plans", "bob", "Look,\n @ada", "/#/c/1?m=2")
MENTION = Notice(ID, "mention", AT, None, None, (), "", SUBJECT)
MATCH = ReportedMatch(
    "file", UUID(int=3), 1, None, None, "a.txt", "ada", AT, "words", Links("", "")
)
FOUND = Notice(
    ID, "saved_search.matches", AT, None, SearchName(ID, "harbour", "q"), (MATCH,), "", None
)


@pytest.mark.parametrize(
    ("notice", "line"),
    [
        (MENTION, "bob mentioned you in Plans"),
        (replace(MENTION, kind="invited"), "bob let you into Plans"),
        (replace(MENTION, subject=replace(SUBJECT, title="", actor="")), "Somebody mentioned you in a conversation"),
        (replace(MENTION, kind="reply.finished"), "A reply is ready in Plans"),
        (replace(MENTION, kind="file.ready"), "Plans has been read"),
        (replace(MENTION, kind="file.failed"), "Plans could not be read"),
        (FOUND, "1 new result for harbour"),
        (replace(FOUND, matches=(MATCH, MATCH)), "2 new results for harbour"),
        (replace(FOUND, kind="webhook.disabled", matches=()), "The webhook of harbour is called no more"),
    ],
)  # fmt: skip
def test_a_headline_says_what_happened_where(notice, line):
    assert headline(notice) == line


def test_a_push_holds_the_link_and_a_few_words():
    long = replace(MENTION, subject=replace(SUBJECT, excerpt="x" * 500))
    assert orjson.loads(push_text(MENTION, site=SITE)) == {
        "id": str(ID),
        "kind": "mention",
        "title": "bob mentioned you in Plans",
        "body": "Look, @ada",
        "url": "https://recall.example.org/#/c/1?m=2",
    }
    assert orjson.loads(push_text(long, site=SITE))["body"] == "x" * (MOST_EXCERPT - 1) + "…"


def test_a_letter_says_the_same_and_how_to_have_no_more():
    written = letter(MENTION, to="ada@example.org", site=SITE)
    assert (written.to, written.subject, written.id) == (
        "ada@example.org",
        "bob mentioned you in Plans",
        str(ID),
    )
    assert written.text == (
        "bob mentioned you in Plans\n    Look, @ada\nhttps://recall.example.org/#/c/1?m=2\n\n-- \n\n"
        "You chose to be told by e-mail; change it at https://recall.example.org/#/notifications\n"
    )


def test_a_day_is_one_letter():
    written = digest([MENTION, FOUND], to="ada@example.org", site=SITE, digest_id=UUID(int=9))
    assert (written.subject, written.id) == ("2 things happened in Recollect", str(UUID(int=9)))
    assert [line for line in written.text.splitlines() if line.startswith("    ")] == [
        "    Look, @ada",
        "    a.txt",
    ]
    alone = digest([FOUND], to="ada@example.org", site=SITE, digest_id=ID)
    assert alone.subject == "1 new result for harbour"
