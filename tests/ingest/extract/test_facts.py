import pytest

from ingest.extract.facts import LONGEST, properties
from ingest.extract.segment import Properties


def test_nothing_found_is_nothing_said():
    assert properties({}) == Properties()


def test_all_authors_and_the_first_title_that_is_one():
    found = {"title": [" \n", "On\n Ducks\0"], "author": ["Ada", "", "Bob  B."]}
    assert properties(found) == Properties(title="On Ducks", author="Ada, Bob B.")


def test_long_ones_are_cut():
    assert len(properties({"title": ["x" * 9999]}).title) == LONGEST


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (" 2024-10-28T16:37:00Z\n", "2024-10-28T16:37:00Z"),
        ("2024-10-28T16:37:00.123456789", "2024-10-28T16:37:00.123456789"),
        ("2024-10-28T16:37+02:00", "2024-10-28T16:37+02:00"),
        ("2024-10", "2024-10"),
        ("2024", "2024"),
        ("2024-13", ""),
        ("0000-00-00", ""),
        ("yesterday", ""),
    ],
)
def test_dates_are_dates_of_the_standard(date, expected):
    assert properties({"created": [date]}) == Properties(created=expected)


@pytest.mark.parametrize(
    ("tag", "expected"), [("en_US", "en-US"), ("de", "de"), ("German", ""), ("x", "")]
)
def test_languages_are_tags(tag, expected):
    assert properties({"language": [tag]}) == Properties(language=expected)
