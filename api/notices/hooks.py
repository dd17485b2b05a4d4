"""What all webhooks have in common for their owners: an address that may be called, a state, and a secret that is shown once."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.deps import Api
from api.wire import Answer, Text
from app.settings import Settings, hosts_inside
from app.shared_key import WEBHOOK_KEY, shared_key
from core.errors import InvalidInput
from core.outgoing import MAX_URL, url_problem
from core.signature import webhook_secret

HookUrl = Annotated[Text, Field(max_length=MAX_URL, examples=["https://hooks.example.org/found"])]
HookState = Literal["active", "failing", "disabled"]


class WebhookAnswer(Answer):
    """`secret` signs the calls (standardwebhooks.com) and is shown this once; `reason` says why the last call failed."""

    id: UUID
    url: str
    state: HookState
    failing_since: datetime | None
    disabled_at: datetime | None
    reason: str
    secret: str | None = None


def hook_state(failing_since: datetime | None, disabled_at: datetime | None) -> HookState:
    if disabled_at is not None:
        return "disabled"
    return "active" if failing_since is None else "failing"


def check_hook_url(settings: Settings, url: str, *, field: str) -> None:
    """Raise InvalidInput for an address that is never called."""
    if problem := url_problem(url, inside=hosts_inside(settings)):
        raise InvalidInput.of(field, problem)


async def secret_of(api: Api, webhook_id: UUID) -> str:
    """Return the secret of a webhook that was made just now."""
    key = await shared_key(api.resources.signin, name=WEBHOOK_KEY)
    return webhook_secret(key, webhook_id)
