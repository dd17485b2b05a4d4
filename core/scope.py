"""Who is asking, and in which workspace. What a Scope may see is decided by one piece of SQL, `readable(ws, uid)`.

Every query over content joins that function (tests/shape checks it), so this file holds no second copy of the rule.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from core.errors import Forbidden

Role = Literal["owner", "admin", "member", "guest"]
_RANK: dict[Role, int] = {"guest": 0, "member": 1, "admin": 2, "owner": 3}


@dataclass(frozen=True, slots=True)
class Scope:
    """One signed-in account acting in one workspace, with the role it has there right now."""

    account_id: UUID
    workspace_id: UUID
    role: Role
    is_admin: bool = False  # of the whole installation, not of the workspace

    @property
    def ids(self) -> dict[str, object]:
        """Return the two parameters that readable() takes, as every query over content names them."""
        return {"workspace_id": self.workspace_id, "account_id": self.account_id}

    def require(self, role: Role) -> None:
        """Raise Forbidden unless the caller's workspace role is at least `role`."""
        if _RANK[self.role] < _RANK[role]:
            raise Forbidden(f"This needs the workspace role {role}.")

    def require_admin(self) -> None:
        """Raise Forbidden unless the caller administers the installation."""
        if not self.is_admin:
            raise Forbidden("This needs an administrator.")
