-- Accounts, sessions, workspaces and memberships: what is asked before a workspace is known, as recollect_signin.

-- name: find_caller
-- Who holds this token, and which role they have in the workspace asked for, or in their own when none is named.
SELECT
    s.id AS session_id,
    s.kind,
    s.csrf_token,
    s.expires_at,
    s.prolongs,
    a.id AS account_id,
    a.is_admin,
    m.workspace_id,
    m.role
FROM session s
JOIN account a ON a.id = s.account_id
LEFT JOIN membership m ON m.account_id = a.id
    AND m.workspace_id = coalesce(:workspace_id::uuid, a.personal_workspace_id)
WHERE s.token_hash = :token_hash
    AND s.revoked_at IS NULL
    AND s.expires_at > now()
    AND a.disabled_at IS NULL;

-- name: find_standing
-- The same of an account whose session is known already: role and membership are read at each request.
SELECT
    a.is_admin,
    m.workspace_id,
    m.role
FROM account a
LEFT JOIN membership m ON m.account_id = a.id
    AND m.workspace_id = coalesce(:workspace_id::uuid, a.personal_workspace_id)
WHERE a.id = :account_id
    AND a.disabled_at IS NULL;

-- name: find_credentials
SELECT
    id AS account_id,
    password_hash,
    disabled_at IS NOT NULL AS disabled
FROM account
WHERE lower(email) = lower(:email);

-- name: find_account
SELECT
    id,
    email,
    name,
    is_admin,
    personal_workspace_id,
    created_at
FROM account
WHERE id = :account_id;

-- name: find_account_by_email
SELECT
    id,
    email,
    name,
    is_admin,
    personal_workspace_id,
    created_at
FROM account
WHERE lower(email) = lower(:email)
    AND disabled_at IS NULL;

-- name: find_first_account
-- For whom the command line speaks on its own machine: the account with this e-mail, or the oldest when none is named.
SELECT
    id,
    email,
    name,
    is_admin,
    personal_workspace_id,
    created_at
FROM account
WHERE disabled_at IS NULL
    AND (:email::text IS NULL OR lower(email) = lower(:email))
ORDER BY id
LIMIT 1;

-- name: make_admin
UPDATE account
SET is_admin = true
WHERE id = :account_id;

-- name: lock_registration
-- One registration at a time, so that exactly one account is the first.
LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE;

-- name: create_account
-- The first account administers the installation.
INSERT INTO account (id, email, name, password_hash, is_admin, personal_workspace_id)
VALUES (:id, :email, :name, :password_hash, NOT EXISTS (SELECT 1 FROM account), :personal_workspace_id)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING id, email, name, is_admin, personal_workspace_id, created_at;

-- name: create_session
INSERT INTO session (id, account_id, token_hash, csrf_token, kind, user_agent, expires_at, prolongs)
VALUES (:id, :account_id, :token_hash, :csrf_token, :kind, :user_agent, :expires_at, :prolongs);

-- name: prolong_session
UPDATE session
SET expires_at = :expires_at
WHERE id = :id
    AND revoked_at IS NULL;

-- name: list_sessions
SELECT
    id,
    kind,
    user_agent,
    created_at,
    expires_at
FROM session
WHERE account_id = :account_id
    AND revoked_at IS NULL
    AND expires_at > now()
ORDER BY id DESC
LIMIT 100;

-- name: revoke_session
UPDATE session
SET revoked_at = now()
WHERE account_id = :account_id
    AND id = :id
    AND revoked_at IS NULL
RETURNING token_hash;

-- name: revoke_sessions
UPDATE session
SET revoked_at = now()
WHERE account_id = :account_id
    AND revoked_at IS NULL
RETURNING token_hash;

-- name: revoke_other_sessions
UPDATE session
SET revoked_at = now()
WHERE account_id = :account_id
    AND id <> :id
    AND revoked_at IS NULL
RETURNING token_hash;

-- name: remove_old_sessions
-- Those that ended a month ago; the list of one's sign-ins shows none of them.
DELETE FROM session
WHERE least(expires_at, revoked_at) < now() - interval '30 days';

-- name: set_password
UPDATE account
SET password_hash = :password_hash
WHERE id = :account_id;

-- name: set_disabled
UPDATE account
SET disabled_at = CASE WHEN :disabled::boolean THEN coalesce(disabled_at, now()) END
WHERE lower(email) = lower(:email)
RETURNING id;

-- name: keep_secret
-- The value that every process shares: the one stored first.
INSERT INTO secret (name, value)
VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
RETURNING value;

-- name: create_workspace
INSERT INTO workspace (id, name, kind)
VALUES (:id, :name, :kind);

-- name: list_workspaces
SELECT
    w.id,
    w.name,
    w.kind,
    m.role,
    w.created_at
FROM membership m
JOIN workspace w ON w.id = m.workspace_id
WHERE m.account_id = :account_id
    AND (:before_id::uuid IS NULL OR w.id < :before_id)
ORDER BY w.id DESC
LIMIT :limit;

-- name: list_standings
-- Every workspace that an account may act in and its role there: its own first, then the newest.
SELECT
    a.is_admin,
    m.workspace_id,
    m.role
FROM membership m
JOIN account a ON a.id = m.account_id
WHERE m.account_id = :account_id
    AND a.disabled_at IS NULL
ORDER BY m.workspace_id = a.personal_workspace_id DESC, m.workspace_id DESC;

-- name: list_members
SELECT
    a.id AS account_id,
    a.email,
    a.name,
    m.role,
    m.created_at
FROM membership m
JOIN account a ON a.id = m.account_id
WHERE m.workspace_id = :workspace_id
    AND (:after_id::uuid IS NULL OR a.id > :after_id)
ORDER BY a.id
LIMIT :limit;

-- name: find_member
SELECT
    a.id AS account_id,
    a.email,
    a.name,
    m.role,
    m.created_at
FROM membership m
JOIN account a ON a.id = m.account_id
WHERE m.workspace_id = :workspace_id
    AND m.account_id = :account_id;

-- name: find_workspace
SELECT
    w.id,
    w.name,
    w.kind,
    m.role,
    w.created_at
FROM membership m
JOIN workspace w ON w.id = m.workspace_id
WHERE m.account_id = :account_id
    AND w.id = :workspace_id;

-- name: set_membership
INSERT INTO membership (workspace_id, account_id, role)
VALUES (:workspace_id, :account_id, :role)
ON CONFLICT (workspace_id, account_id) DO UPDATE SET role = EXCLUDED.role;

-- name: remove_membership
DELETE FROM membership
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: lock_owners
-- The owners of a workspace, held until the transaction ends, so that two of them cannot leave at once.
SELECT account_id
FROM membership
WHERE workspace_id = :workspace_id
    AND role = 'owner'
ORDER BY account_id
FOR UPDATE;

-- name: record
INSERT INTO audit (workspace_id, id, account_id, action, object_id)
VALUES (:workspace_id, :id, :account_id, :action, :object_id);
