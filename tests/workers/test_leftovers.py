from workers import leftovers


async def test_what_nobody_asks_for_any_more_goes_and_the_rest_stays(
    resources, owner_connection, scope
):
    await owner_connection.execute(
        "INSERT INTO idempotency_key (workspace_id, account_id, key, request_hash, status, body, created_at)"
        " SELECT $1, $2, n::text, '', 201, '{}', now() - make_interval(hours => n) FROM unnest(ARRAY[23, 25]) n",
        scope.workspace_id, scope.account_id,
    )  # fmt: skip
    await owner_connection.execute("DELETE FROM session")
    await owner_connection.execute(
        "INSERT INTO session (id, account_id, token_hash, csrf_token, kind, user_agent, expires_at, revoked_at)"
        " SELECT gen_random_uuid(), $1, name::bytea, '', 'bearer', name, now() + expires, now() + revoked"
        " FROM (VALUES ('in use', interval '20 days', NULL::interval), ('expired', '-29 days', NULL),"
        " ('expired long ago', '-31 days', NULL), ('ended long ago', '20 days', '-31 days')) AS s (name, expires, revoked)",
        scope.account_id,
    )  # fmt: skip
    await leftovers.remove(worker=resources.worker, signin=resources.signin)
    keys = await owner_connection.fetch(
        "SELECT key FROM idempotency_key WHERE workspace_id = $1", scope.workspace_id
    )
    left = await owner_connection.fetch("SELECT user_agent FROM session ORDER BY expires_at")
    assert [row["key"] for row in keys] == ["23"]
    assert [row["user_agent"] for row in left] == ["expired", "in use"]
