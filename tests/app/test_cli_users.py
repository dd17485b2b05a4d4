import stat

from app.cli_identity import token_file


async def test_the_first_account_administers_and_a_later_one_only_by_wish(
    ada, recollect, owner_connection
):
    for arguments in (["bob@example.org"], ["eve@example.org", "--admin"]):
        made = await recollect("user", "add", *arguments, typed="correct horse battery\n")
        assert made.exit_code == 0
    rows = await owner_connection.fetch("SELECT email, name, is_admin FROM account ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("ada@example.org", "Ada", True),
        ("bob@example.org", "bob", False),
        ("eve@example.org", "eve", True),
    ]


async def test_a_weak_password_and_a_taken_e_mail_are_one_line_each(ada, recollect):
    weak = await recollect("user", "add", "bob@example.org", typed="short\n")
    taken = await recollect("user", "add", ada, typed="correct horse battery\n")
    assert (weak.exit_code, weak.stderr) == (
        1,
        "recollect: password: must have 8 to 256 characters\n",
    )
    assert (taken.exit_code, taken.stderr) == (
        1,
        "recollect: There is an account with this e-mail already; sign in instead.\n",
    )


async def test_login_keeps_a_private_token_and_logout_ends_it(ada, served, recollect, monkeypatch):
    signed_in = await recollect(
        "login", "--url", served.url, "--email", ada, typed="correct horse battery\n"
    )
    assert signed_in.exit_code == 0, signed_in.output
    assert stat.S_IMODE(token_file().stat().st_mode) == 0o600
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)  # the kept token is all that is needed
    assert (await recollect("jobs")).stderr == "There are no such jobs.\n"
    kept = token_file().read_text().split()[1]
    assert (await recollect("logout")).exit_code == 0
    assert not token_file().exists()
    ended = await recollect("jobs", "--url", served.url, "--token", kept)
    assert (ended.exit_code, "Sign in first" in ended.stderr) == (1, True)


async def test_a_wrong_password_is_said_in_the_words_of_the_api(ada, served, recollect):
    refused = await recollect("login", "--url", served.url, "--email", ada, typed="wrong horse\n")
    assert (refused.exit_code, refused.stderr) == (1, "recollect: E-mail or password is wrong.\n")
    assert (await recollect("logout")).stderr == "recollect: There is no token to forget.\n"
    assert "--url: name the address" in (await recollect("login", "--email", ada)).stderr


async def test_a_password_given_by_the_operator_ends_what_was_signed_in(ada, served, recollect):
    login = ("login", "--url", served.url, "--email", ada)
    assert (await recollect(*login, typed="correct horse battery\n")).exit_code == 0
    given = await recollect("user", "password", ada, typed="another horse battery\n")
    assert (given.exit_code, "new password" in given.stderr) == (0, True)
    kept = token_file().read_text().split()[1]
    ended = await recollect("jobs", "--url", served.url, "--token", kept)
    assert (ended.exit_code, "Sign in first" in ended.stderr) == (1, True)
    assert (await recollect("logout")).exit_code == 0  # of a session that has ended already
    assert not token_file().exists()
    assert (await recollect(*login, typed="another horse battery\n")).exit_code == 0


async def test_a_disabled_account_is_signed_out_until_it_is_enabled(ada, served, recollect):
    login = ("login", "--url", served.url, "--email", ada)
    assert (await recollect(*login, typed="correct horse battery\n")).exit_code == 0
    kept = token_file().read_text().split()[1]
    assert (await recollect("user", "disable", ada)).exit_code == 0
    ended = await recollect("jobs", "--url", served.url, "--token", kept)
    assert (ended.exit_code, "Sign in first" in ended.stderr) == (1, True)
    assert (await recollect(*login, typed="correct horse battery\n")).exit_code == 1
    assert (await recollect("user", "enable", ada)).exit_code == 0
    assert (await recollect(*login, typed="correct horse battery\n")).exit_code == 0
    missing = await recollect("user", "disable", "nobody@example.org")
    assert "There is no account nobody@example.org" in missing.stderr


async def test_a_token_is_kept_where_its_session_could_not_be_ended(ada, served, recollect):
    await recollect("login", "--url", served.url, "--email", ada, typed="correct horse battery\n")
    _, token = token_file().read_text().split()
    token_file().write_text(f"http://127.0.0.1:1\n{token}\n")
    assert (await recollect("logout")).exit_code == 1
    assert token_file().exists()
