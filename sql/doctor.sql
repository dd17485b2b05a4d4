-- What `recollect doctor` asks: nothing lost (I1), nothing stuck or failed without a reason (I2), the index whole (I3), nothing twice (I4): each as how many rows break it and one of them.
-- Everything names its workspace and runs as its tenant, on the worker's pool; nothing here reads what people wrote.

-- name: list_workspace_ids
SELECT id FROM workspace ORDER BY id;

-- name: list_old_extensions
-- Whose binaries are newer than what the database uses of them.
SELECT name::text, installed_version AS installed, default_version AS available
FROM pg_available_extensions
WHERE name IN ('vector', 'pg_trgm', 'btree_gin') AND installed_version <> default_version
ORDER BY name;

-- name: count_stale_builds
-- unscoped: ids for the operator, no content
-- Files whose shown build is of an older pipeline; bins included.
SELECT count(*) AS found, coalesce(min(file_id::text), '') AS example
FROM build
WHERE finished_at IS NOT NULL AND retired_at IS NULL AND pipeline_version < :pipeline_version;

-- name: check_stuck_jobs
-- A lease that nobody took over, or a due job of a kind that nobody works on. A long queue that moves is none.
SELECT count(*) AS found, coalesce(min(j.id::text), '') AS example
FROM job j
WHERE j.workspace_id = :workspace_id
    AND (j.state = 'leased' AND j.lease_until < now() - make_interval(secs => :grace_s)
        OR j.state IN ('queued', 'retry_wait') AND j.run_at < now() - make_interval(secs => :lease_s::float8 + :grace_s::float8)
            AND NOT EXISTS (SELECT 1 FROM job b
                WHERE b.kind = j.kind
                    AND (b.state = 'leased' AND b.lease_until >= now()
                        OR b.finished_at > now() - make_interval(secs => :lease_s::float8 + :grace_s::float8))));

-- name: check_stuck_files
-- unscoped: states and ids for the operator, no content
SELECT count(*) AS found, coalesce(min(f.id::text), '') AS example
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
WHERE f.workspace_id = :workspace_id AND f.state IN ('queued', 'processing') AND i.deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM job j
        WHERE j.workspace_id = f.workspace_id AND j.kind = 'ingest_file' AND j.subject_id = v.id
            AND (j.state IN ('queued', 'leased', 'retry_wait') OR j.finished_at > now() - make_interval(secs => :grace_s)));

-- name: check_stuck_runs
-- unscoped: states and ids for the operator, no content
SELECT count(*) AS found, coalesce(min(r.id::text), '') AS example
FROM run r
WHERE r.workspace_id = :workspace_id AND r.state = 'running'
    AND NOT EXISTS (SELECT 1 FROM job j
        WHERE j.workspace_id = r.workspace_id AND j.kind = 'reply' AND j.subject_id = r.id
            AND (j.state IN ('queued', 'leased', 'retry_wait') OR j.finished_at > now() - make_interval(secs => :grace_s)));

-- name: check_empty_files
-- unscoped: states and ids for the operator, no content
SELECT count(*) AS found, coalesce(min(f.id::text), '') AS example
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id
WHERE f.workspace_id = :workspace_id AND f.state IN ('ready', 'partial') AND i.deleted_at IS NULL
    AND NOT (
        EXISTS (SELECT 1 FROM text_segment t WHERE t.workspace_id = f.workspace_id AND t.build_id = i.active_build_id)
        AND EXISTS (SELECT 1 FROM passage p
            WHERE p.workspace_id = f.workspace_id AND p.item_id = f.id AND p.build_id = i.active_build_id));

-- name: check_silent_failures
-- unscoped: states and ids for the operator, no content
SELECT count(*) AS found, coalesce(min(f.id::text), '') AS example
FROM file f
WHERE f.workspace_id = :workspace_id AND f.state IN ('failed', 'no_text') AND f.reason = '';

-- name: check_dead_passages
-- unscoped: ids for the operator, no content
-- A build that is being made beside the active one is alive, and one just retired is still being removed.
SELECT count(*) AS found, coalesce(min(p.id::text), '') AS example
FROM passage p
JOIN item i ON i.workspace_id = p.workspace_id AND i.id = p.item_id
LEFT JOIN build b ON b.workspace_id = p.workspace_id AND b.id = p.build_id
WHERE p.workspace_id = :workspace_id AND p.message_id IS NULL
    AND (b.id IS NULL
        OR b.retired_at < now() - make_interval(secs => :grace_s)
        OR b.retired_at IS NULL AND p.build_id IS DISTINCT FROM i.active_build_id
            AND b.finished_at < now() - make_interval(secs => :grace_s));

-- name: check_builds
-- unscoped: ids for the operator, no content
-- More than one build that search could show, or an active one that is gone, retired or another file's.
SELECT count(*) AS found, coalesce(min(i.id::text), '') AS example
FROM item i
WHERE i.workspace_id = :workspace_id AND i.kind = 'file'
    AND ((SELECT count(*) FROM build b
            WHERE b.workspace_id = i.workspace_id AND b.file_id = i.id AND b.finished_at IS NOT NULL AND b.retired_at IS NULL) > 1
        OR i.active_build_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM build b
            WHERE b.workspace_id = i.workspace_id AND b.id = i.active_build_id AND b.file_id = i.id AND b.retired_at IS NULL));

-- name: check_double_passages
-- unscoped: ids for the operator, no content
SELECT count(*) AS found, coalesce(min(twice.example), '') AS example
FROM (
    SELECT min(p.id::text) AS example FROM passage p
    WHERE p.workspace_id = :workspace_id
    GROUP BY p.item_id, p.build_id, p.message_id, p.ordinal
    HAVING count(*) > 1
) twice;

-- name: check_missing_vectors
-- unscoped: ids for the operator, no content
-- Of what search shows and nobody works on; a passage that the model refused stands among its file's problems.
WITH bare AS (
    SELECT p.id, p.build_id, p.message_id
    FROM passage p
    JOIN item i ON i.workspace_id = p.workspace_id AND i.id = p.item_id AND i.deleted_at IS NULL
    LEFT JOIN file f ON f.workspace_id = p.workspace_id AND f.id = p.item_id
    WHERE p.workspace_id = :workspace_id
        AND (p.message_id IS NOT NULL OR p.build_id = i.active_build_id AND f.state IN ('ready', 'partial'))
        AND NOT EXISTS (SELECT 1 FROM embedding e
            JOIN generation g ON g.workspace_id = e.workspace_id AND g.id = e.generation_id AND g.state = 'active'
            WHERE e.workspace_id = p.workspace_id AND e.passage_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM file_problem q
            WHERE q.workspace_id = p.workspace_id AND q.build_id = p.build_id AND q.code = 'embedding_refused')
        AND NOT EXISTS (SELECT 1 FROM job j
            WHERE j.workspace_id = p.workspace_id AND j.kind = 'embed_message' AND j.subject_id = p.message_id
                AND j.state IN ('queued', 'leased', 'retry_wait'))
)
SELECT count(*) AS found, coalesce(min(id::text), '') AS example FROM bare;

-- name: check_lost_vectors
-- unscoped: ids for the operator, no content
SELECT count(*) AS found, coalesce(min(e.passage_id::text), '') AS example
FROM embedding e
WHERE e.workspace_id = :workspace_id
    AND NOT EXISTS (SELECT 1 FROM passage p WHERE p.workspace_id = e.workspace_id AND p.id = e.passage_id);

-- name: check_vector_lengths
-- unscoped: ids for the operator, no content
-- Inner products rank by angle only between vectors of unit length; a zero vector is near to nothing.
SELECT count(*) AS found, coalesce(min(e.passage_id::text), '') AS example
FROM embedding e
WHERE e.workspace_id = :workspace_id AND abs(l2_norm(e.vector) - 1) > 0.01;

-- name: check_unindexed_messages
-- unscoped: ids for the operator, no content
-- A message's passages are shown under its conversation's id (item.shown_build_id).
SELECT count(*) AS found, coalesce(min(m.id::text), '') AS example
FROM message m
WHERE m.workspace_id = :workspace_id AND m.deleted_at IS NULL AND m.content ~ '\S'
    AND NOT EXISTS (SELECT 1 FROM passage p WHERE p.workspace_id = m.workspace_id AND p.message_id = m.id AND p.build_id = m.conversation_id);

-- name: check_ghost_messages
-- unscoped: ids for the operator, no content
SELECT count(*) AS found, coalesce(min(p.id::text), '') AS example
FROM passage p
WHERE p.workspace_id = :workspace_id AND p.message_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM message m
        WHERE m.workspace_id = p.workspace_id AND m.id = p.message_id AND m.deleted_at IS NULL);

-- name: check_sequences
-- unscoped: ids for the operator, no content
SELECT count(*) AS found, coalesce(min(c.id::text), '') AS example
FROM conversation c
LEFT JOIN LATERAL (
    SELECT count(*) AS messages, min(m.seq) AS first, max(m.seq) AS last FROM message m
    WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id
) s ON true
WHERE c.workspace_id = :workspace_id AND (s.messages <> c.last_seq OR s.messages > 0 AND (s.first <> 1 OR s.last <> c.last_seq));

-- name: list_blobs
SELECT sha256, key, size_bytes FROM blob
WHERE workspace_id = :workspace_id AND sha256 > :after
ORDER BY sha256
LIMIT :most;
