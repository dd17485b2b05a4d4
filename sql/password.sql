-- Passwords that files are opened with: sealed, and forgotten when the job ends (the trigger of migration 0017).

-- name: forget_password
DELETE FROM file_password WHERE workspace_id = :workspace_id AND version_id = :version_id;

-- name: keep_password
INSERT INTO file_password (workspace_id, version_id, sealed) VALUES (:workspace_id, :version_id, :sealed);

-- name: remove_old_passwords
-- A job is over within a week (workers/queue.py), and then its password is gone already.
DELETE FROM file_password WHERE created_at < now() - interval '8 days';
