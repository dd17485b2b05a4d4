-- Who may see an item: grants to people of the workspace, or to the workspace itself (all its members but guests).

-- name: list_grants
SELECT
    g.principal_id,
    coalesce(a.name, w.name) AS name,
    a.email,
    g.role,
    g.created_at
FROM readable(:workspace_id, :account_id) r
JOIN access_grant g ON g.workspace_id = :workspace_id AND g.item_id = r.item_id
LEFT JOIN account a ON a.id = g.principal_id
LEFT JOIN workspace w ON w.id = g.principal_id
WHERE r.item_id = :item_id
ORDER BY g.created_at, g.principal_id
LIMIT 1000;

-- name: set_grant
-- The principal must be the workspace or one of its members; the owner's own grant stays as it is.
INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
SELECT
    :workspace_id,
    r.item_id,
    p.principal_id,
    :role
FROM readable(:workspace_id, :account_id) r
CROSS JOIN (
    SELECT m.account_id AS principal_id FROM membership m WHERE m.workspace_id = :workspace_id
    UNION ALL
    SELECT :workspace_id::uuid
) p
WHERE r.item_id = :item_id
    AND r.is_owner
    AND p.principal_id = :principal_id
ON CONFLICT (workspace_id, item_id, principal_id) DO UPDATE SET role = EXCLUDED.role
WHERE access_grant.role <> 'owner'
RETURNING principal_id;

-- name: remove_grant
-- By the owner, or by the principal, who leaves.
DELETE FROM access_grant g
USING readable(:workspace_id, :account_id) r
WHERE g.workspace_id = :workspace_id
    AND g.item_id = :item_id
    AND g.principal_id = :principal_id
    AND g.role <> 'owner'
    AND r.item_id = g.item_id
    AND (r.is_owner OR g.principal_id = :account_id)
RETURNING g.principal_id;

-- name: remove_grants
-- unscoped: the caller may remove the person from the workspace; what he owns stays his
DELETE FROM access_grant
WHERE workspace_id = :workspace_id
    AND principal_id = :principal_id
    AND role <> 'owner';

-- name: remove_markers
-- unscoped: the caller may remove the person from the workspace
DELETE FROM conversation_person
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: find_colleague
-- The member of this workspace who has the e-mail address.
SELECT a.id AS account_id
FROM account a
JOIN membership m ON m.account_id = a.id AND m.workspace_id = :workspace_id
WHERE lower(a.email) = lower(:email);
