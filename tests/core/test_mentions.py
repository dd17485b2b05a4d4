from uuid import UUID

import pytest

from core.mentions import MOST_HANDLES, Person, handles, mentioned

ADA = Person(UUID(int=1), "Ada Lovelace", "ada.l@example.org")
BOB = Person(UUID(int=2), "Bob", "robert@example.org")
BOBBY = Person(UUID(int=3), "Bob Dylan", "bobby@example.org")
JOSE = Person(UUID(int=4), "José", "jose@example.org")
PEOPLE = (ADA, BOB, BOBBY, JOSE)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@ada, look", ["ada"]),
        ("@Ada. @ADA! @ada's", ["ada", "ada's"]),
        ('(@"Ada  Lovelace") @“Bob Dylan”', ["ada lovelace", "bob dylan"]),
        ("@ada.l and @bob", ["ada.l", "bob"]),
        ("mail ada@example.org, see https://x.example/@bob", []),
        ("`@ada` and ``a ` @bob`` then @jose", ["jose"]),
        ("```\n@ada\n```\n@bob\n~~~py\n@jose\n", ["bob"]),
        ("```\n@ada", []),
        ("@ @@ada @-x", []),
        ("@josé @jose\u0301", ["josé"]),
        ("", []),
    ],
)
def test_handles_are_read_outside_of_code_and_addresses(text, named):
    assert handles(text) == named


def test_a_text_names_no_more_than_some():
    assert len(handles(" ".join(f"@a{n}" for n in range(100)))) == MOST_HANDLES


@pytest.mark.parametrize(
    ("named", "who"),
    [
        (["ada"], [ADA]),
        (["ada lovelace", "ada.l", "ada"], [ADA]),
        (["bob"], [BOB]),  # a whole name before a first one
        (["bob dylan"], [BOBBY]),
        (["robert", "bobby"], [BOB, BOBBY]),
        (["josé"], [JOSE]),
        (["jose"], [JOSE]),
        (["nobody", "lovelace"], []),
    ],
)
def test_a_handle_names_by_name_address_or_first_name(named, who):
    assert mentioned(named, PEOPLE) == [person.id for person in who]


def test_what_fits_several_names_nobody():
    twin = Person(UUID(int=5), "ada lovelace", "other@example.org")
    assert mentioned(["ada", "ada lovelace"], [ADA, twin]) == []
    assert mentioned(["ada.l"], [ADA, twin]) == [ADA.id]


def test_reading_takes_no_longer_than_the_text():
    for text in ("`" * 50_000, "@" * 50_000, '@"' * 25_000, "```\n" * 12_000, "`a" * 25_000):
        handles(text)
