import re

import asyncpg
import pytest

from core.errors import StartFailed, Unavailable
from sql.migrate import has_row_security, migrate, migrations
from sql.pool import ROLES
from tests.make import make_colleague, make_scope
from tests.search.make import make_conversation


@pytest.fixture
async def empty_database(database_url, owner_connection):
    await owner_connection.execute("DROP DATABASE IF EXISTS empty_test")
    await owner_connection.execute("CREATE DATABASE empty_test TEMPLATE template0")
    yield database_url.replace("/recollect?", "/empty_test?")
    await owner_connection.execute("DROP DATABASE empty_test WITH (FORCE)")


async def test_each_migration_runs_once(empty_database):
    names = tuple(m.name for m in migrations())
    assert (await migrate(empty_database)).applied == names
    assert (await migrate(empty_database)).applied == ()
    assert await has_row_security(empty_database)


async def test_passages_that_a_model_wrote_before_are_told_once(empty_database):
    await migrate(empty_database)
    raw = await asyncpg.connect(empty_database)
    scope = await make_scope(raw)
    talk = await make_conversation(raw, scope)
    for seq, role in enumerate(("user", "assistant"), 1):
        await raw.execute(
            "WITH m AS (INSERT INTO message (workspace_id, id, conversation_id, seq, role, content)"
            " VALUES ($1, gen_random_uuid(), $2, $3, $4, 'key') RETURNING id)"
            " INSERT INTO passage (workspace_id, id, item_id, build_id, message_id, ordinal, span_start, span_end, created_at,"
            " text_hash, lexeme_count, tsv, traits)"
            " SELECT $1, id, $2, $2, id, 0, 0, 3, now(), '', 1, 'key'::tsvector, '{code}' FROM m",
            scope.workspace_id, talk, seq, role,
        )  # fmt: skip
    (migration,) = [m for m in migrations() if m.name == "0029_tell_answers"]
    for _ in range(2):
        await raw.execute(migration.text)
    told = await raw.fetch(
        "SELECT m.role, p.traits FROM passage p JOIN message m ON m.id = p.message_id ORDER BY m.seq"
    )
    await raw.close()
    assert [tuple(row) for row in told] == [("user", ["code"]), ("assistant", ["answer", "code"])]


async def test_an_unmigrated_database_names_the_remedy(empty_database):
    with pytest.raises(StartFailed, match="recollect migrate"):
        await has_row_security(empty_database)


async def test_a_database_of_a_newer_version_is_refused(empty_database):
    await migrate(empty_database)
    raw = await asyncpg.connect(empty_database)
    await raw.execute(
        "INSERT INTO schema_migration (number, name) VALUES (9999, 'from_the_future')"
    )
    await raw.close()
    with pytest.raises(StartFailed, match="newer Recollect"):
        await migrate(empty_database)


@pytest.fixture
async def poor_database(empty_database, owner_connection):
    """A database whose owner may not make roles."""
    await owner_connection.execute("CREATE ROLE poor LOGIN")
    await owner_connection.execute("ALTER DATABASE empty_test OWNER TO poor")
    raw = await asyncpg.connect(empty_database)
    await raw.execute("CREATE EXTENSION vector")
    await raw.close()
    yield empty_database.replace("recollect@", "poor@")
    await owner_connection.execute("ALTER DATABASE empty_test OWNER TO recollect")
    raw = await asyncpg.connect(empty_database)
    await raw.execute("DROP OWNED BY poor CASCADE")
    await raw.close()
    await owner_connection.execute("DROP ROLE poor")


async def test_a_login_without_the_right_to_make_roles_stands_on_the_predicate_alone(poor_database):
    done = await migrate(poor_database)
    without = tuple(m.name for m in migrations() if not m.needs_roles)
    assert (done.applied, done.has_roles) == (without, False)
    assert not await has_row_security(poor_database)


async def test_roles_that_come_late_guard_what_they_would_have_guarded_from_the_first(
    poor_database, empty_database, owner_connection
):
    await migrate(poor_database)
    late = await migrate(empty_database)
    assert (late.applied, late.has_roles) == (
        tuple(m.name for m in migrations() if m.needs_roles),
        True,
    )
    raw = await asyncpg.connect(empty_database)
    assert await guards(raw) == await guards(owner_connection)
    await raw.close()


async def guards(raw):
    """Return every policy, every right of the working roles and which tables are behind row-level security."""
    policies = await raw.fetch(
        "SELECT * FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename, policyname"
    )
    rights = await raw.fetch(
        "SELECT grantee, table_name, column_name, privilege_type FROM information_schema.column_privileges"
        " WHERE grantee = ANY($1) UNION ALL SELECT grantee, table_name, '*', privilege_type"
        " FROM information_schema.table_privileges WHERE grantee = ANY($1) ORDER BY 1, 2, 3, 4",
        list(ROLES),
    )
    forced = await raw.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname"
    )
    assert len(policies) > 40
    return [{str(tuple(row)) for row in rows} for rows in (policies, rights, forced)]


def test_what_a_migration_does_for_the_roles_can_be_done_later():
    for migration in migrations():
        if migration.needs_roles:
            continue
        rest = migration.text
        for block in migration.for_roles:
            rest = rest.replace(block, "")
        said = re.sub(r"--.*", "", rest)
        assert [role for role in ROLES if role in said] == [], migration.name


@pytest.mark.parametrize(
    ("broken", "error", "says"),
    [
        ("postgresql://recollect@127.0.0.1:1/x", Unavailable, "no database answers"),
        ("nonsense", (StartFailed, Unavailable), "DATABASE_URL"),
    ],
)
async def test_a_wrong_address_is_one_line_with_the_remedy(broken, error, says):
    with pytest.raises(error, match=says) as caught:
        await migrate(broken)
    assert "\n" not in str(caught.value)


async def test_an_unknown_database_name_is_said(database_url):
    with pytest.raises(StartFailed, match="database name"):
        await migrate(database_url.replace("/recollect?", "/no_such_db?"))


async def test_without_a_workspace_the_application_role_sees_no_row_of_any_table(
    resources, owner_connection
):
    scope = await make_scope(owner_connection)
    await make_colleague(owner_connection, scope)
    tables = await _tables(owner_connection)
    assert len(tables) >= 29
    async with resources.app.read_tx() as conn:
        for table in tables:
            if await owner_connection.fetchval(
                "SELECT has_any_column_privilege('recollect_app', $1, 'SELECT')", table
            ):
                assert await conn.raw.fetchval(f"SELECT count(*) FROM {table}") == 0, table


async def test_every_table_is_behind_row_level_security(owner_connection):
    bare = await owner_connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND NOT (relrowsecurity AND relforcerowsecurity) AND relname <> 'schema_migration'"
    )
    assert bare == []


async def test_working_roles_own_nothing_and_bypass_nothing(owner_connection):
    rows = await owner_connection.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcanlogin OR EXISTS"
        " (SELECT 1 FROM pg_class c WHERE c.relowner = r.oid) AS too_strong FROM pg_roles r WHERE rolname = ANY($1)",
        list(ROLES),
    )
    assert {row["rolname"]: row["too_strong"] for row in rows} == dict.fromkeys(ROLES, False)


async def test_another_workspace_is_invisible(resources, owner_connection):
    ada, eve = await make_scope(owner_connection), await make_scope(owner_connection, "eve")
    async with resources.app.read_tx(ada) as conn:
        assert await conn.raw.fetch("SELECT account_id FROM membership") == [(ada.account_id,)]
        assert (
            await conn.raw.fetchval("SELECT count(*) FROM account WHERE id = $1", eve.account_id)
            == 0
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.raw.fetch("SELECT password_hash FROM account")


async def _tables(owner) -> list[str]:
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> 'schema_migration'"
    )
    return [row["relname"] for row in rows]
