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
