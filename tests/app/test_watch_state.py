import os
from pathlib import Path

from app.watch_look import Known, Seen
from app.watch_state import read_state, state_path

KNOWN = Known("0198f3c2-0000-7000-8000-000000000000", "ab", Seen(1, 2, 3))


def test_what_is_saved_is_read_again(tmp_path):
    state = read_state(tmp_path / "deep" / "state.json")
    assert state.files == {}
    state.files["ü/a%20b.txt"] = KNOWN
    state.files[os.fsdecode(b"no utf-8 \xfc")] = KNOWN
    state.save()
    assert read_state(state.path) == state
    assert [path.name for path in state.path.parent.iterdir()] == ["state.json"]


def test_what_cannot_be_understood_is_as_good_as_nothing(tmp_path):
    path = tmp_path / "state.json"
    for text in ("", "{", '{"a": 1}'):
        path.write_text(text)
        assert read_state(path).files == {}


def test_each_folder_and_server_has_its_own(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    paths = {
        state_path(url, root=Path(root), folder=folder)
        for url in ("http://a", "http://b")
        for root in ("/x", "/y")
        for folder in ("", "z")
    }
    assert len(paths) == 8
    assert {path.parent for path in paths} == {Path("/state/recollect/watch")}
