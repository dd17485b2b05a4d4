-- Uploads that arrive in parts, or straight in the store, and how much room a workspace has left. What they become is file.sql.

-- name: create_upload
INSERT INTO upload (workspace_id, id, account_id, name, folder, metadata, length_bytes, sha256, parts)
VALUES (:workspace_id, :upload_id, :account_id, :name, :folder, :metadata, :length_bytes, :sha256, :parts)
RETURNING id, name, folder, metadata, length_bytes, offset_bytes, parts, sha256, expires_at, file_id, lock_id IS NOT NULL AS is_locked;

-- name: find_upload
-- One that has a SHA-256 is put straight into the store and has another address.
SELECT id, name, folder, metadata, length_bytes, offset_bytes, parts, sha256, expires_at, file_id,
    lock_id IS NOT NULL AND locked_until > now() AS is_locked
FROM upload
WHERE workspace_id = :workspace_id AND id = :upload_id AND account_id = :account_id AND expires_at > now()
    AND (sha256 IS NOT NULL) = :is_direct::boolean;

-- name: lock_upload
-- One writer at a time; one that fell silent loses its turn.
UPDATE upload SET lock_id = :lock_id, locked_until = now() + make_interval(secs => :lease_s)
WHERE workspace_id = :workspace_id AND id = :upload_id AND account_id = :account_id AND expires_at > now()
    AND completed_at IS NULL AND (sha256 IS NOT NULL) = :is_direct::boolean
    AND (lock_id IS NULL OR locked_until < now())
RETURNING id, name, folder, metadata, length_bytes, offset_bytes, parts, sha256, expires_at, file_id, lock_id IS NOT NULL AS is_locked;

-- name: renew_lock
UPDATE upload SET locked_until = now() + make_interval(secs => :lease_s)
WHERE workspace_id = :workspace_id AND id = :upload_id AND lock_id = :lock_id;

-- name: unlock_upload
UPDATE upload SET lock_id = NULL, locked_until = NULL
WHERE workspace_id = :workspace_id AND id = :upload_id AND lock_id = :lock_id;

-- name: advance_upload
-- Nothing, when the upload was removed or the turn was lost.
UPDATE upload SET offset_bytes = :offset_bytes, parts = parts || :parts::text[]
WHERE workspace_id = :workspace_id AND id = :upload_id AND lock_id = :lock_id;

-- name: complete_upload
UPDATE upload SET completed_at = now(), file_id = :file_id
WHERE workspace_id = :workspace_id AND id = :upload_id AND lock_id = :lock_id AND completed_at IS NULL;

-- name: remove_upload
DELETE FROM upload
WHERE workspace_id = :workspace_id AND id = :upload_id AND account_id = :account_id
    AND (sha256 IS NOT NULL) = :is_direct::boolean
RETURNING workspace_id, id, parts, completed_at IS NOT NULL AS is_complete;

-- name: remove_expired_uploads
DELETE FROM upload
WHERE (workspace_id, id) IN (
    SELECT workspace_id, id FROM upload WHERE expires_at < now() ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED
)
RETURNING workspace_id, id, parts, completed_at IS NOT NULL AS is_complete;

-- name: wait_for_quota
-- Those who take room in one workspace do it one after the other, to the end of their transactions.
SELECT true AS mine FROM pg_advisory_xact_lock(45120201, hashtext(:workspace_id::uuid::text));

-- name: find_usage
-- unscoped: sizes alone, of the whole workspace; equal bytes count once, what no version names does not
SELECT
    (SELECT coalesce(sum(b.size_bytes), 0) FROM blob b
        WHERE b.workspace_id = :workspace_id
            AND EXISTS (SELECT FROM file_version v WHERE v.workspace_id = b.workspace_id AND v.sha256 = b.sha256))::bigint
        AS stored_bytes,
    (SELECT coalesce(sum(u.length_bytes), 0) FROM upload u
        WHERE u.workspace_id = :workspace_id AND u.completed_at IS NULL AND u.expires_at > now())::bigint AS reserved_bytes;

-- name: count_open_uploads
SELECT count(*) AS uploads FROM upload
WHERE workspace_id = :workspace_id AND account_id = :account_id AND completed_at IS NULL AND expires_at > now();
