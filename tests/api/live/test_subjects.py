import pytest

from api.live.subjects import About, Subjects, ids_of
from core.changes import CHANGE_KINDS
from core.ids import new_id

GONE = Subjects(
    conversation_id=new_id(), messages={}, title=None, roles={}, runs={}, marks={}, reactions={}, pinned=set()
)  # fmt: skip


@pytest.mark.parametrize("kind", CHANGE_KINDS)
def test_of_a_subject_that_is_gone_nothing_but_its_id_is_told(kind):
    id_ = new_id()
    told = GONE.tell(About(kind, id_))
    assert set(told) & {"message", "conversation", "run"} == set()
    assert id_ in told.values() or told == {
        "refetch": f"/api/v1/conversations/{GONE.conversation_id}"
    }
    assert GONE.tell(About(kind, None)) == {}


def test_each_subject_is_asked_for_once_and_only_by_its_kind():
    one, other = new_id(), new_id()
    changes = [About("pin.changed", one), About("pin.changed", one), About("read.changed", other), About("pin.changed", None)]  # fmt: skip
    assert ids_of(changes, {"pin.changed"}) == [one]
