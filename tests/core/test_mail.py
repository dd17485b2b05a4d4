import pytest

from core.errors import ProviderAway
from core.mail import Letter, MailServer, Refused, mail_server, send, written
from tests.mailbox import mailbox

LETTER = Letter("ada@example.org", "bob mentioned you", "Look, @ada: ä.\n", "0190")


async def test_a_letter_arrives_with_its_subject_text_and_id():
    async with mailbox() as box:
        await send(mail_server(box.url, sender="recollect@example.org"), LETTER)
    (letter,) = box.letters
    names = ("From", "To", "Subject", "Message-ID", "Auto-Submitted")
    assert [letter[name] for name in names] == [
        "Recollect <recollect@example.org>",
        "ada@example.org",
        "bob mentioned you",
        "<0190@example.org>",
        "auto-generated",
    ]
    assert letter.get_content().replace("\r\n", "\n") == LETTER.text
    assert box.signed_in == []


async def test_who_has_a_password_signs_in():
    async with mailbox() as box:
        url = box.url.replace("//", "//me:p%40ss@")
        await send(mail_server(url, sender="a@b.example"), LETTER)
    (line,) = box.signed_in
    assert line.startswith("AUTH PLAIN")


@pytest.mark.parametrize(
    ("answer", "error"), [("550 no such person", Refused), ("451 later", ProviderAway)]
)
async def test_a_refusal_is_for_good_or_for_now(answer, error):
    async with mailbox(answer) as box:
        with pytest.raises(error):
            await send(mail_server(box.url, sender="a@b.example"), LETTER)
    assert box.letters == []


async def test_a_server_that_is_not_there_is_tried_later():
    async with mailbox() as box:
        pass
    with pytest.raises(ProviderAway):
        await send(mail_server(box.url, sender="a@b.example"), LETTER)


def test_a_subject_cannot_add_headers():
    server = MailServer("localhost", 25, "a@b.example")
    letter = Letter("ada@example.org", "x\r\nBcc: eve@example.org", "text", "1")
    message = written(server, letter)
    assert (message["Subject"], message["Bcc"]) == ("x Bcc: eve@example.org", None)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, "a@b", is_tls=False)),
        ("smtps://u:p@mail.example", MailServer("mail.example", 465, "a@b", is_tls=True, user="u", password="p")),
        ("smtp://localhost:2525", MailServer("localhost", 2525, "a@b")),
    ],
)  # fmt: skip
def test_an_address_names_a_server(url, server):
    assert mail_server(url, sender="a@b") == server


@pytest.mark.parametrize(
    ("url", "sender"), [("http://x", "a@b"), ("smtp://", "a@b"), ("smtp://x", "nobody")]
)
def test_what_names_none_is_told(url, sender):
    with pytest.raises(ValueError, match=r"smtp|MAIL_FROM"):
        mail_server(url, sender=sender)
