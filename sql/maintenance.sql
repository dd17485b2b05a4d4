-- What the worker looks after on its own: lost work, hidden rows, bytes without a row and rows without bytes.

-- name: take_turn
-- One process at a time, until the end of the transaction.
SELECT pg_try_advisory_xact_lock(:key::bigint) AS mine;

-- name: beat
INSERT INTO heartbeat (process, kind, seen_at) VALUES (:process, 'worker', now())
ON CONFLICT (process) DO UPDATE SET seen_at = now();

-- name: stop_beating
-- Ours, and those of processes that died a day ago.
DELETE FROM heartbeat WHERE process = :process OR seen_at < now() - interval '1 day';

-- name: list_stuck_files
-- unscoped: states of all workspaces, no content
-- A file that waits for a job which is over: the worker died between the two.
SELECT v.workspace_id, j.id, j.kind, v.id AS subject_id, j.state, j.reason
FROM file f
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
CROSS JOIN LATERAL (
    SELECT job.id, job.kind, job.state, job.reason FROM job
    WHERE job.workspace_id = v.workspace_id AND job.kind = 'ingest_file' AND job.subject_id = v.id
    ORDER BY job.pipeline_version DESC
    LIMIT 1
) j
WHERE f.state IN ('queued', 'processing') AND j.state IN ('done', 'failed', 'dead', 'cancelled')
LIMIT 100;

-- name: list_stuck_runs
-- unscoped: states of all workspaces, no content
SELECT j.workspace_id, j.id, j.kind, j.subject_id, j.state, j.reason
FROM run r
JOIN job j ON j.workspace_id = r.workspace_id AND j.kind = 'reply' AND j.subject_id = r.id
WHERE r.state = 'running' AND j.state IN ('done', 'failed', 'dead', 'cancelled')
LIMIT 100;

-- name: list_retired_builds
-- unscoped: ids of all workspaces, no content
SELECT workspace_id, file_id, id FROM build
WHERE retired_at IS NOT NULL AND archived_at IS NULL
ORDER BY retired_at
LIMIT 20;

-- name: archive_build
-- unscoped: what search does not see any more
-- The last whole build of an older version keeps its text, which citations and comparisons still ask for.
UPDATE build SET archived_at = now()
FROM file_version v
JOIN file f ON f.workspace_id = v.workspace_id AND f.id = v.file_id
WHERE build.workspace_id = :workspace_id AND build.id = :build_id AND build.retired_at IS NOT NULL AND build.finished_at IS NOT NULL
    AND v.workspace_id = build.workspace_id AND v.id = build.version_id AND v.version < f.version
    AND NOT EXISTS (SELECT 1 FROM build later
        WHERE later.workspace_id = build.workspace_id AND later.version_id = build.version_id AND later.finished_at IS NOT NULL
            AND (later.created_at, later.id) > (build.created_at, build.id));

-- name: remove_build
-- unscoped: what search does not see any more
DELETE FROM build
WHERE workspace_id = :workspace_id AND id = :build_id AND retired_at IS NOT NULL AND archived_at IS NULL;

-- name: list_known_keys
SELECT key FROM blob WHERE key = ANY(:keys::text[]);

-- name: remove_unused_blobs
-- unscoped: bytes that no version of any file names
WITH unused AS (
    SELECT workspace_id, sha256 FROM blob
    WHERE created_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT 1 FROM file_version v WHERE v.workspace_id = blob.workspace_id AND v.sha256 = blob.sha256)
    LIMIT 500
    FOR UPDATE SKIP LOCKED
)
DELETE FROM blob USING unused
WHERE blob.workspace_id = unused.workspace_id AND blob.sha256 = unused.sha256
RETURNING blob.key;

-- name: list_blobs_after
-- A page of all blobs, for asking the store whether it has them.
SELECT workspace_id, sha256, key FROM blob
WHERE (workspace_id, sha256) > (:workspace_id, :sha256)
ORDER BY workspace_id, sha256
LIMIT :most;

-- name: fail_files_without_bytes
-- unscoped: states of all workspaces, no content
UPDATE file
SET state = 'failed', reason_code = 'blob_missing', reason = 'The stored bytes of the file are gone.',
    remedy = 'Upload the file again.', finished_at = now()
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.sha256 = :sha256
    AND file.workspace_id = v.workspace_id AND file.id = v.file_id AND file.version = v.version AND file.state <> 'failed'
RETURNING file.id;
