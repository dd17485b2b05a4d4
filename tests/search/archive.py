"""A workspace in which each operator finds some things and leaves others: two people, three conversations, three files."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from app.resources import Resources
from core.scope import Scope
from search.index import MessageText, index_message
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation, make_file, make_message


@dataclass(frozen=True, slots=True)
class Archive:
    """`passages` names each: a message, or a file and its page; `ids` are of items and messages."""

    ada: Scope
    bob: Scope
    ids: dict[str, UUID]
    passages: dict[UUID, str]


MESSAGES = (  # name, conversation, author, day of 2026, words
    ("board1", "board", "ada", (1, 10), "The plan is at https://example.org/plan.html"),
    ("board2", "board", "bob", (2, 10), "Run `make check` before you push"),
    ("board3", "board", "ada", (3, 10), "Here is the picture of the board"),
    ("diary1", "diary", "ada", (2, 20), "Nobody reads this"),
    ("open1", "open", "bob", (3, 20), "Willkommen in der offenen Runde, liebe Leute"),
)
TITLES = {"board": "Board meeting", "diary": "Diary", "open": "Open to all"}


async def make_archive(resources: Resources, owner: asyncpg.Connection) -> Archive:
    ada = await make_scope(owner, "ada")
    bob = await make_colleague(owner, ada, "bob")
    people = {"ada": ada, "bob": bob}
    ids = {name: await make_conversation(owner, ada, title) for name, title in TITLES.items()}
    for item, principal in (("board", bob.account_id), ("open", ada.workspace_id)):
        await grant(owner, ada, ids[item], principal=principal)
    for name, place, author, (month, day), content in MESSAGES:
        ids[name] = await make_message(
            resources, owner, people[author],
            conversation_id=ids[place], content=content, at=datetime(2026, month, day, tzinfo=UTC),
        )  # fmt: skip
    for name, pages, size, tags in (
        ("report.pdf", ["Tax on page one", "Nothing here", "See www.example.org"], 2_000_000, ["tax", "2026"]),
        ("100%.txt", ["All of it"], 500, ["tax"]),
        ("tool.py", ["import os"], 1_000, list[str]()),
    ):  # fmt: skip
        ids[name] = file_id = await make_file(resources, owner, ada, name=name, passages=pages)
        await owner.execute(
            "UPDATE file_version SET size_bytes = $1 WHERE file_id = $2", size, file_id
        )
        await owner.execute("UPDATE item SET tags = $1 WHERE id = $2", tags, file_id)
        await owner.execute(
            "UPDATE passage SET created_at = '2026-05-01', lang = 'en' WHERE item_id = $1", file_id
        )
    await _attach(resources, owner, ada, ids)
    return Archive(ada, bob, ids, await _names(owner, ids))


async def grant(owner: asyncpg.Connection, scope: Scope, item_id: UUID, *, principal: UUID) -> None:
    await owner.execute(
        "INSERT INTO access_grant (workspace_id, item_id, principal_id, role) VALUES ($1, $2, $3, 'writer')",
        scope.workspace_id, item_id, principal,
    )  # fmt: skip


async def _attach(
    resources: Resources, owner: asyncpg.Connection, ada: Scope, ids: dict[str, UUID]
) -> None:
    """Give the third message of the board a picture, and edit the second."""
    picture = await make_file(resources, owner, ada, name="board.png", passages=[])
    await owner.execute(
        "INSERT INTO message_attachment (workspace_id, message_id, file_id) VALUES ($1, $2, $3)",
        ada.workspace_id, ids["board3"], picture,
    )  # fmt: skip
    await owner.execute("UPDATE message SET edited_at = now() WHERE id = $1", ids["board2"])
    rows = await owner.fetch(
        "SELECT id, conversation_id, author_id, created_at, content FROM message WHERE id = ANY ($1)",
        [ids["board2"], ids["board3"]],
    )
    async with resources.app.write_tx(ada) as conn:
        for row in rows:
            text = MessageText(
                ada.workspace_id, row["conversation_id"], row["id"], row["author_id"], row["created_at"], row["content"]
            )  # fmt: skip
            await index_message(conn, text)
    await owner.execute("UPDATE passage SET lang = 'en' WHERE message_id IS NOT NULL")
    await owner.execute("UPDATE passage SET lang = 'de' WHERE message_id = $1", ids["open1"])


async def _names(owner: asyncpg.Connection, ids: dict[str, UUID]) -> dict[UUID, str]:
    known = {id_: name for name, id_ in ids.items()}
    rows = await owner.fetch("SELECT id, item_id, message_id, page_first FROM passage")
    return {
        row["id"]: known[row["message_id"]]
        if row["message_id"]
        else f"{known[row['item_id']]}:{row['page_first']}"
        for row in rows
    }
