import pytest

from app.cli_identity import (
    Identity,
    SignIn,
    keep_sign_in,
    known_sign_in,
    local_url,
    read_sign_in,
    token_file,
)
from app.settings import Settings
from core.errors import NotSignedIn


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_a_token_given_wins_over_one_kept():
    keep_sign_in(token_file(), SignIn("https://kept", "kept"))
    assert known_sign_in(Identity("https://else", "given", None)) == SignIn("https://else", "given")
    assert known_sign_in(Identity(None, "given", None)) == SignIn("http://127.0.0.1:4512", "given")


def test_the_kept_token_goes_only_where_it_was_made():
    kept = SignIn("https://kept", "secret")
    keep_sign_in(token_file(), kept)
    assert known_sign_in(Identity(None, None, None)) == kept
    assert known_sign_in(Identity("https://kept", None, None)) == kept
    with pytest.raises(NotSignedIn, match="recollect login --url https://else"):
        known_sign_in(Identity("https://else", None, None))


def test_without_a_token_or_with_a_user_the_home_of_this_machine_is_meant():
    assert known_sign_in(Identity(None, None, None)) is None
    keep_sign_in(token_file(), SignIn("https://kept", "secret"))
    assert known_sign_in(Identity(None, None, "ada@example.org")) is None


def test_a_file_of_something_else_is_no_sign_in(tmp_path):
    (tmp_path / "token").write_text("three words here")
    assert read_sign_in(tmp_path / "token") is None


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:4512"),
        ("::1", "http://[::1]:4512"),
        ("10.0.0.5", "http://10.0.0.5:4512"),
    ],
)
def test_an_address_that_listens_everywhere_is_asked_on_loopback(bind, url):
    assert local_url(Settings(bind=bind)) == url


async def test_nothing_running_is_one_line_with_the_remedy(recollect, tmp_path, monkeypatch):
    monkeypatch.setenv("RECOLLECT_HOME", str(tmp_path))
    nothing = await recollect("search", "x")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr == (
        f"recollect: Nothing runs for {tmp_path}: start it with `make run`, "
        "or sign in elsewhere with `recollect login --url URL`\n"
    )


async def test_an_unknown_user_and_no_user_at_all_name_the_command_that_helps(served, recollect):
    assert "make one with `recollect user add EMAIL`" in (await recollect("jobs")).stderr
    unknown = await recollect("jobs", "--user", "eve@example.org")
    assert "`recollect user add eve@example.org`" in unknown.stderr


async def test_the_session_of_a_command_ends_with_it(ada, recollect, owner_connection):
    assert (await recollect("jobs", "--user", ada.upper())).exit_code == 0
    ended = await owner_connection.fetch("SELECT revoked_at IS NOT NULL AS ended FROM session")
    assert [row["ended"] for row in ended] == [True]
