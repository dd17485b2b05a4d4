"""What people are sent in tests: by whom, and who wants it how."""

from collections.abc import Iterable
from functools import partial

import asyncpg

from app.resources import Resources
from app.shared_key import PUSH_KEY, shared_key
from core.mail import mail_server
from core.scope import Scope
from workers.sending import Sending
from workers.wording import Site


def sending_to(resources: Resources, mail_url: str, *, inside: Iterable[str] = ()) -> Sending:
    """What sends to a test's own mail server and push service."""
    return Sending(
        app=resources.app,
        mail=mail_server(mail_url, sender="recollect@example.org"),
        site=Site("https://recall.example.org"),
        contact="mailto:recollect@example.org",
        seed=partial(shared_key, resources.signin, name=PUSH_KEY),
        inside=frozenset(inside),
    )


async def wants(
    owner: asyncpg.Connection,
    who: Scope,
    kind: str = "mention",
    *,
    email: str = "off",
    push: bool = False,
) -> None:
    """Keep how a person wants to be told of a kind, beside the list."""
    await owner.execute(
        "INSERT INTO notification_setting VALUES ($1, $2, $3, true, $4, $5)",
        who.workspace_id, who.account_id, kind, email, push,
    )  # fmt: skip
