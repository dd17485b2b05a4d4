-- What /readyz, /metrics and /status ask.

-- name: find_health
SELECT
    (SELECT max(number) FROM schema_migration) AS schema_number,
    (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS vector_version,
    (SELECT extract(epoch FROM now() - max(seen_at))::float8 FROM heartbeat WHERE kind = 'worker') AS worker_seen_s;

-- name: count_open_jobs
-- Of every workspace, by the partial indexes alone: what is finished is not counted.
SELECT
    kind,
    state,
    count(*) AS jobs
FROM job
WHERE state IN ('queued', 'retry_wait', 'leased')
GROUP BY kind, state;
