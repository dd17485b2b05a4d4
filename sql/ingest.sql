-- Reading files into the index: what the worker notes on its way. Every statement runs in a transaction of the file's own
-- workspace and, but for the first two, under the fence of its job.

-- name: queue_file
-- unscoped: the caller has checked that the file may be written
UPDATE file
SET state = 'queued', stage = '', reason_code = '', reason = '', remedy = '', started_at = NULL, finished_at = NULL
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND file.workspace_id = :workspace_id AND file.id = v.file_id AND file.version = v.version;

-- name: cancel_file
-- unscoped: the caller has checked that the file may be written
UPDATE file
SET state = 'cancelled', stage = '', finished_at = now()
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND file.workspace_id = :workspace_id AND file.id = v.file_id AND file.version = v.version
    AND file.state IN ('queued', 'processing');
