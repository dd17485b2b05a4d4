import pytest
from pydantic import SecretStr

from app.settings import CHECKOUT, Settings
from app.settings_table import settings_markdown, settings_table, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "(unset)"),
        (4512, "4512"),
        (SecretStr("sk-secret"), "********"),
        (SecretStr("postgresql://ann:p4ss@db/recollect"), "postgresql://ann:********@db/recollect"),
        (SecretStr("postgresql://db:5432/recollect"), "postgresql://db:5432/recollect"),
        (
            SecretStr("postgresql:///r?host=/run&password=p4ss&x=1"),
            "postgresql:///r?host=/run&password=********&x=1",
        ),
        (SecretStr("redis://:p@ss@cache:6379/0"), "redis://:********@cache:6379/0"),
    ],
)
def test_a_secret_is_masked_and_the_rest_is_shown(value, expected):
    assert shown(value) == expected


def test_every_setting_has_a_row_with_its_reason():
    rows = settings_table(Settings(s3_secret_key=SecretStr("hidden")))
    assert [row.name.lower() for row in rows] == list(Settings.model_fields)
    assert all(row.reason.endswith(".") for row in rows)
    assert "hidden" not in str(rows)


def test_the_page_in_docs_is_the_one_that_the_command_prints():
    """Run `recollect settings --markdown > docs/settings.md` after changing app/settings.py."""
    assert (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_markdown()
