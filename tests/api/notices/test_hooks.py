from datetime import UTC, datetime

import pytest

from api.notices.hooks import check_hook_url, hook_state
from app.settings import Settings
from core.errors import InvalidInput

THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failing_since", "disabled_at", "state"),
    [
        (None, None, "active"),
        (THEN, None, "failing"),
        (THEN, THEN, "disabled"),
        (None, THEN, "disabled"),
    ],
)
def test_a_webhook_is_active_until_it_fails_and_disabled_whatever_else(
    failing_since, disabled_at, state
):
    assert hook_state(failing_since, disabled_at) == state


def test_an_address_inside_is_taken_where_the_operator_lets_it_in():
    settings = Settings.model_validate({"webhook_hosts": "hooks.internal:8080"})
    check_hook_url(settings, "http://hooks.internal:8080/", field="url")
    with pytest.raises(InvalidInput):
        check_hook_url(settings, "http://hooks.internal:8081/", field="url")
