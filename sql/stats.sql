-- What a workspace holds, for its owner and admins: counts and sizes of all members' things, no content.

-- name: count_files
-- unscoped: counts for the workspace's admins, no content
SELECT f.state, count(*)::int AS files
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id AND i.deleted_at IS NULL
WHERE f.workspace_id = :workspace_id
GROUP BY f.state
ORDER BY f.state;

-- name: count_formats
-- unscoped: counts for the workspace's admins, no content
-- Of what was looked at; the most frequent first.
SELECT f.media_type, count(*)::int AS files, count(*) FILTER (WHERE f.state IN ('ready', 'partial'))::int AS searchable,
    sum(v.size_bytes)::int8 AS size_bytes
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id AND i.deleted_at IS NULL
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
WHERE f.workspace_id = :workspace_id AND f.media_type <> ''
GROUP BY f.media_type
ORDER BY files DESC, f.media_type
LIMIT 100;

-- name: count_jobs
SELECT kind, state, count(*)::int AS jobs
FROM job
WHERE workspace_id = :workspace_id
GROUP BY kind, state
ORDER BY kind, state;

-- name: count_totals
-- unscoped: counts for the workspace's admins, no content
SELECT
    (SELECT count(*) FROM file_version v WHERE v.workspace_id = :workspace_id) AS versions,
    (SELECT count(*) FROM item i WHERE i.workspace_id = :workspace_id AND i.kind = 'file' AND i.deleted_at IS NOT NULL) AS in_bin,
    (SELECT count(*) FROM build b
        WHERE b.workspace_id = :workspace_id AND b.finished_at IS NOT NULL AND b.retired_at IS NULL
            AND b.pipeline_version < :pipeline_version) AS stale,
    coalesce((SELECT c.passage_count FROM corpus_stat c WHERE c.workspace_id = :workspace_id), 0) AS passages,
    coalesce((SELECT sum(b.size_bytes) FROM blob b WHERE b.workspace_id = :workspace_id), 0)::int8 AS stored_bytes;
