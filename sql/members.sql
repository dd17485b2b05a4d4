-- Who takes part in a conversation, what they may do, and the links that let others in. Grants themselves are sharing.sql's.

-- name: list_participants
-- Those who were let in, the owner first as a rule, and how far each has read; the workspace stands for all its members.
SELECT
    g.principal_id,
    coalesce(a.name, w.name) AS name,
    a.email,
    g.role,
    g.created_at,
    p.read_seq
FROM readable(:workspace_id, :account_id) r
JOIN access_grant g ON g.workspace_id = :workspace_id AND g.item_id = r.item_id
LEFT JOIN account a ON a.id = g.principal_id
LEFT JOIN workspace w ON w.id = g.principal_id
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id
    AND p.conversation_id = r.item_id
    AND p.account_id = g.principal_id
    AND p.read_at IS NOT NULL
WHERE r.item_id = :conversation_id
    AND r.kind = 'conversation'
ORDER BY g.created_at, g.principal_id
LIMIT 1000;

-- name: list_people
-- Those who may read it, let in themselves or with the workspace, whose guests are not meant.
SELECT
    a.id AS account_id,
    a.name,
    p.read_seq
FROM readable(:workspace_id, :account_id) r
JOIN membership m ON m.workspace_id = :workspace_id
JOIN account a ON a.id = m.account_id
LEFT JOIN conversation_person p ON p.workspace_id = :workspace_id
    AND p.conversation_id = r.item_id
    AND p.account_id = m.account_id
    AND p.read_at IS NOT NULL
WHERE r.item_id = :conversation_id
    AND r.kind = 'conversation'
    AND EXISTS (
        SELECT FROM access_grant g
        WHERE g.workspace_id = :workspace_id AND g.item_id = r.item_id
            AND (g.principal_id = m.account_id OR g.principal_id = :workspace_id AND m.role <> 'guest'))
ORDER BY p.read_at DESC NULLS LAST, a.name, a.id
LIMIT :most::int;

-- name: hand_over
-- The new owner takes part already and is more than a guest; the former one may go on writing.
WITH given AS (
    UPDATE item i
    SET owner_id = :principal_id
    FROM readable(:workspace_id, :account_id) r
    WHERE i.workspace_id = :workspace_id
        AND i.id = :conversation_id
        AND i.kind = 'conversation'
        AND r.item_id = i.id
        AND r.is_owner
        AND EXISTS (
            SELECT FROM access_grant g
            JOIN membership m ON m.workspace_id = g.workspace_id AND m.account_id = g.principal_id AND m.role <> 'guest'
            WHERE g.workspace_id = :workspace_id AND g.item_id = i.id AND g.principal_id = :principal_id)
    RETURNING i.id
)
UPDATE access_grant g
SET role = CASE WHEN g.principal_id = :principal_id THEN 'owner' ELSE 'writer' END
FROM given
WHERE g.workspace_id = :workspace_id
    AND g.item_id = given.id
    AND g.principal_id IN (:principal_id, :account_id);

-- name: create_invite
INSERT INTO conversation_invite
    (workspace_id, id, conversation_id, token_hash, role, created_by, expires_at, uses_left)
SELECT :workspace_id, :id, r.item_id, :token_hash, :role, :account_id,
    now() + make_interval(hours => :hours::int), :uses
FROM readable(:workspace_id, :account_id) r
WHERE r.item_id = :conversation_id
    AND r.is_owner
RETURNING id, role, created_at, expires_at, uses_left;

-- name: count_invites
SELECT count(*)::int AS invites
FROM conversation_invite
WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id AND expires_at > now() AND uses_left > 0;

-- name: list_invites
-- Those that still let somebody in.
SELECT id, role, created_at, expires_at, uses_left
FROM conversation_invite
WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id AND expires_at > now() AND uses_left > 0
ORDER BY id DESC
LIMIT 100;

-- name: revoke_invite
DELETE FROM conversation_invite
WHERE workspace_id = :workspace_id AND conversation_id = :conversation_id AND id = :id;

-- name: find_invited
-- Where a link leads, for somebody who belongs to that workspace; asked before it is known which one.
SELECT i.workspace_id, m.role
FROM conversation_invite i
JOIN membership m ON m.workspace_id = i.workspace_id AND m.account_id = :account_id
WHERE i.token_hash = :token_hash
    AND i.expires_at > now();

-- name: lock_invite
-- unscoped: the link is the permission; one person after the other uses it
SELECT i.id, i.conversation_id, i.role, i.uses_left, g.role AS held
FROM conversation_invite i
JOIN item t ON t.workspace_id = :workspace_id AND t.id = i.conversation_id AND t.deleted_at IS NULL
LEFT JOIN access_grant g ON g.workspace_id = :workspace_id
    AND g.item_id = i.conversation_id
    AND g.principal_id = :account_id
WHERE i.workspace_id = :workspace_id
    AND i.token_hash = :token_hash
    AND i.expires_at > now()
FOR UPDATE OF i;

-- name: use_invite
WITH used AS (
    UPDATE conversation_invite
    SET uses_left = uses_left - 1
    WHERE workspace_id = :workspace_id AND id = :id
    RETURNING conversation_id, role
)
INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
SELECT :workspace_id, used.conversation_id, :account_id, used.role
FROM used
ON CONFLICT (workspace_id, item_id, principal_id) DO UPDATE SET role = EXCLUDED.role;
