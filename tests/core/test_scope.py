import pytest

from core.errors import Forbidden
from core.ids import new_id
from core.scope import Scope


@pytest.mark.parametrize(("role", "needs", "allowed"), [
    ("owner", "admin", True), ("admin", "admin", True), ("member", "admin", False),
    ("member", "member", True), ("guest", "member", False), ("guest", "guest", True),
])  # fmt: skip
def test_a_role_includes_the_lower_ones(role, needs, allowed):
    scope = Scope(new_id(), new_id(), role)
    if allowed:
        scope.require(needs)
    else:
        with pytest.raises(Forbidden, match=needs):
            scope.require(needs)


def test_only_an_administrator_administers():
    Scope(new_id(), new_id(), "guest", is_admin=True).require_admin()
    with pytest.raises(Forbidden):
        Scope(new_id(), new_id(), "owner").require_admin()
