import base64

import pytest

from api.cursors import Cursors, Page, Position
from core.errors import InvalidInput
from core.ids import new_id
from core.scope import Scope

CURSORS = Cursors(b"k" * 32)
SCOPE = Scope(new_id(), new_id(), "member")
POSITION = Position("2026-03-01T10:00:00+00:00", new_id())


def test_a_cursor_is_read_back_as_it_was_signed():
    cursor = CURSORS.sign(SCOPE, "files", position=POSITION)
    assert CURSORS.read(SCOPE, "files", cursor=cursor) == POSITION
    assert CURSORS.read(SCOPE, "files", cursor=None) is None
    assert POSITION.at.isoformat() == POSITION.value


def test_one_changed_bit_makes_it_worthless():
    raw = base64.urlsafe_b64decode(CURSORS.sign(SCOPE, "files", position=POSITION))
    for at in (0, 15, 16, len(raw) - 1):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(InvalidInput):
            CURSORS.read(SCOPE, "files", cursor=base64.urlsafe_b64encode(changed).decode())


@pytest.mark.parametrize(
    ("cursors", "scope", "listing"),
    [
        (Cursors(b"x" * 32), SCOPE, "files"),
        (CURSORS, Scope(new_id(), SCOPE.workspace_id, "member"), "files"),
        (CURSORS, Scope(SCOPE.account_id, new_id(), "member"), "files"),
        (CURSORS, SCOPE, "jobs"),
    ],
)
def test_it_is_good_for_one_list_of_one_account_in_one_workspace(cursors, scope, listing):
    cursor = CURSORS.sign(SCOPE, "files", position=POSITION)
    with pytest.raises(InvalidInput):
        cursors.read(scope, listing, cursor=cursor)


@pytest.mark.parametrize(("rows", "items", "more"), [(0, 0, False), (2, 2, False), (3, 2, True)])
def test_a_page_has_a_cursor_only_when_something_follows(rows, items, more):
    ids = [new_id() for _ in range(rows)]
    page = CURSORS.page(SCOPE, "ids", rows=ids, limit=2, position_of=lambda i: Position("", i))
    assert isinstance(page, Page)
    assert page.items == ids[:items]
    assert (page.next_cursor is not None) == more
