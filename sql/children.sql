-- Files within files: what the worker makes of attachments and members, and what befalls a whole family at once.

-- name: find_parent
-- unscoped: the worker reads what its job names
SELECT i.owner_id, i.title AS name, f.folder, f.depth, coalesce(f.root_id, f.id) AS root_id
FROM item i
JOIN file f ON f.workspace_id = i.workspace_id AND f.id = i.id
WHERE i.workspace_id = :workspace_id AND i.id = :file_id;

-- name: find_child
-- unscoped: the worker reads what its job names
SELECT f.id, v.id AS version_id, v.sha256, f.parent_version = 0 AS was_dropped
FROM file f
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
WHERE f.workspace_id = :workspace_id AND f.parent_id = :parent_id AND f.parent_path = :path;

-- name: empty_room
-- unscoped: the worker writes what its job names
-- A new version of an uploaded file has the whole room again.
UPDATE file SET member_count = 0, member_bytes = 0
WHERE workspace_id = :workspace_id AND id = :file_id AND depth = 0 AND member_count > 0;

-- name: take_room
-- unscoped: the worker writes what its job names
-- No row: the uploaded file has had all the members that it may have, files within its files included.
UPDATE file SET member_count = member_count + 1, member_bytes = member_bytes + :size_bytes
WHERE workspace_id = :workspace_id AND id = :root_id AND member_count < :most_files
    AND member_bytes + :size_bytes <= :most_bytes
RETURNING id;

-- name: create_child
-- unscoped: the worker writes what its job names
-- Seen by whoever may see the parent.
WITH new_item AS (
    INSERT INTO item (workspace_id, id, kind, owner_id, title, extension)
    VALUES (:workspace_id, :file_id, 'file', :owner_id, :name, :extension)
), new_grants AS (
    INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
    SELECT :workspace_id, :file_id, g.principal_id, g.role
    FROM access_grant g
    WHERE g.workspace_id = :workspace_id AND g.item_id = :parent_id
), new_file AS (
    INSERT INTO file (workspace_id, id, folder, state, parent_id, parent_path, parent_version, root_id, depth)
    VALUES (:workspace_id, :file_id, :folder, 'queued', :parent_id, :path, :parent_version, :root_id, :depth)
)
INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name)
VALUES (:workspace_id, :version_id, :file_id, 1, :sha256, :size_bytes, :name);

-- name: renew_child
-- unscoped: the worker writes what its job names
-- Other bytes under the same path: a new version, as of an uploaded file.
WITH raised AS (
    UPDATE file
    SET version = version + 1, state = 'queued', stage = '', reason_code = '', reason = '', remedy = '', started_at = NULL,
        finished_at = NULL
    WHERE workspace_id = :workspace_id AND id = :file_id
    RETURNING version
), touched AS (
    UPDATE item SET updated_at = now() WHERE workspace_id = :workspace_id AND id = :file_id
)
INSERT INTO file_version (workspace_id, id, file_id, version, sha256, size_bytes, name)
SELECT :workspace_id, :version_id, :file_id, raised.version, :sha256, :size_bytes, :name
FROM raised;

-- name: keep_child
-- unscoped: the worker writes what its job names
UPDATE file SET parent_version = :parent_version, folder = :folder
WHERE workspace_id = :workspace_id AND id = :file_id;

-- name: drop_children
-- unscoped: the worker writes what its job names
-- What the newest version of a parent lacks goes to the bin, with what was found in it.
WITH RECURSIVE lacking AS (
    UPDATE file SET parent_version = 0
    WHERE workspace_id = :workspace_id AND parent_id = :parent_id AND parent_version NOT IN (0, :parent_version)
    RETURNING id
), family AS (
    SELECT id FROM lacking
    UNION ALL
    SELECT f.id FROM family
    JOIN file f ON f.workspace_id = :workspace_id AND f.parent_id = family.id
)
UPDATE item SET deleted_at = now()
FROM family
WHERE item.workspace_id = :workspace_id AND item.id = family.id AND item.deleted_at IS NULL
RETURNING item.id;

-- name: take_back_family
-- unscoped: the caller has found the file that comes back
-- Out of the bin: a file, and of what was found in it that which went there in the same moment.
WITH RECURSIVE family AS (
    SELECT i.id, i.deleted_at FROM item i WHERE i.workspace_id = :workspace_id AND i.id = :file_id
    UNION ALL
    SELECT f.id, family.deleted_at FROM family
    JOIN file f ON f.workspace_id = :workspace_id AND f.parent_id = family.id
), back AS (
    UPDATE item SET deleted_at = NULL
    FROM family
    WHERE item.workspace_id = :workspace_id AND item.id = family.id AND item.deleted_at = family.deleted_at
    RETURNING item.id
)
SELECT back.id, v.id AS version_id, f.state IN ('queued', 'processing', 'cancelled') AS is_unread
FROM back
JOIN file f ON f.workspace_id = :workspace_id AND f.id = back.id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = f.version
ORDER BY back.id;

-- name: hold_item
-- unscoped: the caller has found the file to be his own
-- Keeps the worker from adding a child meanwhile: it holds the parent FOR KEY SHARE.
SELECT id FROM item WHERE workspace_id = :workspace_id AND id = :file_id FOR UPDATE;

-- name: hold_children
-- unscoped: the caller has found the file to be his own
SELECT i.id FROM file f
JOIN item i ON i.workspace_id = :workspace_id AND i.id = f.id
WHERE f.workspace_id = :workspace_id AND f.parent_id = ANY (:parent_ids::uuid[])
ORDER BY i.id
FOR UPDATE OF i;

-- name: bin_files
-- unscoped: the caller has found the file to be his own
-- In one moment, by which take_back_family() tells them from those that were there before.
UPDATE item SET deleted_at = now()
WHERE workspace_id = :workspace_id AND id = ANY (:file_ids::uuid[]) AND deleted_at IS NULL;

-- name: spread_grant
-- unscoped: the caller has set the parent's
-- What a principal may do with a parent, it may do with what is in it.
INSERT INTO access_grant (workspace_id, item_id, principal_id, role)
SELECT :workspace_id, child.id, g.principal_id, g.role
FROM access_grant g
CROSS JOIN unnest(:file_ids::uuid[]) AS child (id)
WHERE g.workspace_id = :workspace_id AND g.item_id = :parent_id AND g.principal_id = :principal_id
ON CONFLICT (workspace_id, item_id, principal_id) DO UPDATE SET role = EXCLUDED.role
WHERE access_grant.role <> 'owner';

-- name: withdraw_grant
-- unscoped: the caller has taken the parent's away
DELETE FROM access_grant
WHERE workspace_id = :workspace_id AND item_id = ANY (:file_ids::uuid[]) AND principal_id = :principal_id AND role <> 'owner';

-- name: count_children
SELECT count(*) AS count
FROM readable(:workspace_id, :account_id) r
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
WHERE f.parent_id = :file_id;
