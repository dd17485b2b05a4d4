"""A conversation as a client keeps it: read once, then only told what changes. It must be what reading again would give."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.watching import Json

# Counted among a message's versions (a client that shows them counts the messages with the same parent), or kept beside it;
# an author's name is known while he belongs to the workspace, and stays on the page until that is read anew.
COUNTED = {
    "author",
    "siblings",
    "sibling_index",
    "previous_sibling_id",
    "next_sibling_id",
    "is_pinned",
    "reactions",
}


@dataclass
class State:
    """`title` is None for a conversation that is not there any more."""

    title: str | None = None
    owner_id: str = ""
    seq: int = 0
    leaf_id: str | None = None
    messages: dict[str, Json] = field(default_factory=dict[str, Json])
    members: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    reactions: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    pinned: set[str] = field(default_factory=set[str])
    live_runs: set[str] = field(default_factory=set[str])
    me: str = ""
    read_seq: int = 0
    is_quiet: bool = False
    is_archived: bool = False

    async def apply(self, frame: Json, client: httpx.AsyncClient) -> None:
        """Take what a frame says into the state; `client` is for what it says to read again."""
        event, data = frame["event"], frame["data"]
        self.seq = frame["seq"] if frame["seq"] is not None else self.seq
        if event == "error":
            self.title = None
        elif event.startswith("message."):
            self._put(data["message"], new=event == "message.created")
        elif event in {"conversation.updated", "conversation.restored"}:
            self.title, self.owner_id = (
                data["conversation"]["title"],
                data["conversation"]["owner_id"],
            )
        elif event.startswith("run."):
            running = data["run"]["state"] == "running"
            (self.live_runs.add if running else self.live_runs.discard)(data["run"]["id"])
        elif event in {"leaf.changed", "own.changed"}:
            own = (await client.get(data["refetch"])).json()
            self.leaf_id = own["active_leaf_id"]
            self.is_quiet, self.is_archived = own["is_quiet"], own["is_archived"]
        else:
            self._hear_of_people(event, data)

    def _hear_of_people(self, event: str, data: Json) -> None:
        if event == "member.changed":
            self._admit(data)
        elif event == "read.changed":
            self._has_read(data["account_id"], data["read_seq"])
        elif event == "reaction.changed":
            given = {one["emoji"]: len(one["account_ids"]) for one in data["reactions"]}
            self.reactions[data["message_id"]] = given
        elif event == "pin.changed":
            (self.pinned.add if data["pinned"] else self.pinned.discard)(data["message_id"])

    def _has_read(self, who: str, seq: int) -> None:
        if who == self.me:
            self.read_seq = max(self.read_seq, seq)
        if who in self.members:
            role, before = self.members[who]
            self.members[who] = (role, max(before, seq))

    def _put(self, message: Json, *, new: bool) -> None:
        self.messages[message["id"]] = _kept(message)
        if new:  # who writes has read what stands above
            self._has_read(message["author_id"], message["seq"])
        self.reactions.setdefault(message["id"], {})
        answered = {one["parent_id"] for one in self.messages.values()}
        for id_, one in list(self.messages.items()):
            if one["deleted_at"] is not None:
                self.pinned.discard(id_)
                self.reactions[id_] = {}
                if id_ not in answered:
                    del self.messages[id_], self.reactions[id_]

    def _admit(self, data: Json) -> None:
        who, role = data["principal_id"], data["role"]
        self.owner_id = data["owner_id"]
        if role is None:
            self.members.pop(who, None)
            return
        for other, (held, seq) in self.members.items():
            if role == held == "owner":
                self.members[other] = ("writer", seq)
        self.members[who] = (role, data["read_seq"] or 0)

    def shown(self) -> dict[str, Any]:
        """Return what a person would see of it."""
        if self.title is None:
            return {}
        told = dict(vars(self))
        del told["leaf_id"], told["seq"]
        return {**told, "unread": self.unread}

    @property
    def unread(self) -> int:
        """What others wrote since this reader has read."""
        return sum(
            one["seq"] > self.read_seq and one["deleted_at"] is None and one["author_id"] != self.me
            for one in self.messages.values()
        )


def _kept(message: Json) -> Json:
    return {name: value for name, value in message.items() if name not in COUNTED}


async def read_state(client: httpx.AsyncClient, talk: str) -> State:
    """Read a conversation by its routes."""
    path = f"/api/conversations/{talk}"
    answer = await client.get(path)
    if answer.status_code == 404:
        return State()
    opened = answer.json()
    messages = (await client.get(f"{path}/messages?view=tree&limit=100")).json()["items"]
    members = (await client.get(f"{path}/members")).json()["items"]
    reactions = {
        one["id"]: (await client.get(f"/api/messages/{one['id']}/reactions")).json()["items"]
        for one in messages
    }
    pins = (await client.get(f"{path}/pins")).json()["items"]
    state = State(
        title=opened["title"],
        owner_id=opened["owner_id"],
        seq=opened["change_seq"],
        leaf_id=opened["active_leaf_id"],
        messages={one["id"]: _kept(one) for one in messages},
        members={one["principal_id"]: (one["role"], one["read_seq"] or 0) for one in members},
        reactions={
            id_: {one["emoji"]: one["count"] for one in given} for id_, given in reactions.items()
        },
        pinned={pin["message_id"] for pin in pins},
        live_runs=set(opened["live_runs"]),
        me=(await client.get("/api/auth/me")).json()["id"],
        read_seq=opened["read_seq"],
        is_quiet=opened["is_quiet"],
        is_archived=opened["is_archived"],
    )
    assert state.unread == opened["unread"]
    return state
