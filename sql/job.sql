-- The ledger: a row is the truth about a piece of work, a doorbell only wakes somebody who looks here (docs/ARCHITECTURE.md).
-- Times are PostgreSQL's now(), the start of the transaction: statements about leases stand alone in theirs.

-- name: enqueue_job
-- Its turn is a virtual time: now, or behind the person's last job of that kind in this workspace, so that one's thousand files
-- stand in line with themselves and not before somebody else's one, of another workspace or of this. The update returns the row when it is there already.
INSERT INTO job (workspace_id, id, kind, subject_id, content_hash, pipeline_version, account_id, fair_key, schedule_to_close_at)
VALUES (:workspace_id, :id, :kind, :subject_id, :content_hash, :pipeline_version, :account_id,
    greatest(
        extract(epoch FROM now())::float8,
        (SELECT max(j.fair_key) + :cost_s::float8 FROM job j
            WHERE j.workspace_id = :workspace_id AND j.kind = :kind AND j.account_id = :account_id
                AND j.state IN ('queued', 'retry_wait', 'leased'))),
    now() + make_interval(secs => :close_after_s::float8))
ON CONFLICT (workspace_id, kind, subject_id, content_hash, pipeline_version) DO UPDATE SET kind = EXCLUDED.kind
RETURNING id;

-- name: requeue_job
-- A person asks again: the same row from its beginning, never a second one. Its last pipeline may have been an older one. It is its
-- turn now, or, with a cost, behind the others of who first asked.
UPDATE job
SET state = 'queued', stage = '', reason = '', attempts = 0, crashes = 0, cancel_requested = false, finished_at = NULL,
    run_at = now(), schedule_to_close_at = now() + make_interval(secs => :close_after_s::float8),
    fair_key = CASE WHEN :cost_s::float8 IS NULL THEN extract(epoch FROM now())::float8 ELSE greatest(
        extract(epoch FROM now())::float8,
        (SELECT max(o.fair_key) + :cost_s FROM job o
            WHERE o.workspace_id = :workspace_id AND o.kind = :kind AND o.account_id = job.account_id
                AND o.state IN ('queued', 'retry_wait', 'leased'))) END,
    pipeline_version = :pipeline_version, first_step = :first_step, needs_memory = false
WHERE workspace_id = :workspace_id AND state IN ('done', 'failed', 'dead', 'cancelled')
    AND id = (SELECT j.id FROM job j
        WHERE j.workspace_id = :workspace_id AND j.kind = :kind AND j.subject_id = :subject_id
        ORDER BY j.pipeline_version DESC
        LIMIT 1)
RETURNING id;

-- name: enqueue_again
-- unscoped: the caller has checked that the file may be written
-- The job of a file version whose row is gone, since it ended long ago.
INSERT INTO job (workspace_id, id, kind, subject_id, content_hash, pipeline_version, first_step, account_id, fair_key,
    schedule_to_close_at)
SELECT :workspace_id, :id, 'ingest_file', v.id, v.sha256, :pipeline_version, :first_step, :account_id,
    greatest(
        extract(epoch FROM now())::float8,
        (SELECT max(o.fair_key) + :cost_s::float8 FROM job o
            WHERE o.workspace_id = :workspace_id AND o.kind = 'ingest_file' AND o.account_id = :account_id
                AND o.state IN ('queued', 'retry_wait', 'leased'))),
    now() + make_interval(secs => :close_after_s::float8)
FROM file_version v
WHERE v.workspace_id = :workspace_id AND v.id = :version_id
    AND NOT EXISTS (SELECT 1 FROM job j
        WHERE j.workspace_id = :workspace_id AND j.kind = 'ingest_file' AND j.subject_id = :version_id)
RETURNING id;

-- name: hold_reading
-- A worker's transactions hold the job before the file: who takes a file away waits for them before he holds what they need.
SELECT id FROM job
WHERE workspace_id = :workspace_id AND kind = 'ingest_file' AND subject_id = :subject_id AND state IN ('queued', 'retry_wait', 'leased')
FOR UPDATE;

-- name: cancel_job
-- What nobody works on ends here; the holder of a lease hears of it at its next renewal.
UPDATE job
SET cancel_requested = true,
    state = CASE WHEN state = 'leased' THEN state ELSE 'cancelled' END,
    finished_at = CASE WHEN state = 'leased' THEN NULL ELSE now() END
WHERE workspace_id = :workspace_id AND kind = :kind AND subject_id = :subject_id AND state IN ('queued', 'retry_wait', 'leased')
RETURNING state;

-- name: keep_job
-- A file that was thrown away and brought back, or is asked for again, is read on where the worker has not heard yet.
UPDATE job SET cancel_requested = false
WHERE workspace_id = :workspace_id AND kind = 'ingest_file' AND subject_id = :subject_id AND state = 'leased' AND cancel_requested;

-- name: claim_jobs
-- Whose turn it is, and up to :most jobs of the same kind and workspace; one that failed before comes alone, so that it
-- takes no other with it. Attempts are counted before the work, so that a crash loop is bounded.
WITH turn AS (
    SELECT workspace_id, id, attempts FROM job
    WHERE kind = :kind AND needs_memory = :needs_memory AND state IN ('queued', 'retry_wait') AND run_at <= now()
    ORDER BY fair_key
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), taken AS (
    SELECT j.workspace_id, j.id FROM job j
    JOIN turn ON j.workspace_id = turn.workspace_id AND (j.id = turn.id OR j.attempts = 0 AND turn.attempts = 0)
    WHERE j.kind = :kind AND j.needs_memory = :needs_memory AND j.state IN ('queued', 'retry_wait') AND j.run_at <= now()
    ORDER BY j.fair_key
    LIMIT :most
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE job
SET state = 'leased', lease_token = :token, lease_until = now() + make_interval(secs => :lease_s::float8),
    attempts = job.attempts + 1
FROM taken
WHERE job.workspace_id = taken.workspace_id AND job.id = taken.id
RETURNING job.workspace_id, job.id, job.subject_id, job.account_id, job.content_hash, job.pipeline_version,
    job.first_step, job.attempts, job.created_at, job.needs_memory;

-- name: renew_jobs
UPDATE job
SET lease_until = now() + make_interval(secs => :lease_s::float8), stage = :stage
WHERE workspace_id = :workspace_id AND id = ANY(:ids::uuid[]) AND lease_token = :token
RETURNING id, cancel_requested;

-- name: hold_lease
-- The fence of a writing transaction. FOR SHARE keeps the reaper off for its length; FOR KEY SHARE would not.
SELECT id FROM job
WHERE workspace_id = :workspace_id AND id = ANY(:ids::uuid[]) AND lease_token = :token
FOR SHARE;

-- name: finish_jobs
-- Fence and last word in one, so that no lock has to be raised from share to update.
UPDATE job
SET state = :state, reason = :reason, finished_at = now(), lease_token = NULL, lease_until = NULL
WHERE workspace_id = :workspace_id AND id = ANY(:ids::uuid[]) AND lease_token = :token
RETURNING id;

-- name: return_jobs
-- Back in line: after an error, at a hand-back (state queued, the attempt given back), while a provider is away, or into the line of
-- those that need memory, where a job stays.
UPDATE job
SET state = :state, reason = :reason, run_at = now() + make_interval(secs => :wait_s::float8),
    attempts = attempts - :given_back::int, needs_memory = coalesce(:needs_memory::boolean, needs_memory),
    lease_token = NULL, lease_until = NULL
WHERE workspace_id = :workspace_id AND id = ANY(:ids::uuid[]) AND lease_token = :token
RETURNING id;

-- name: reap_jobs
-- unscoped: the reaper looks after all workspaces, and tells nobody what it read
-- Leases past due: their worker vanished without a word. A row whose writer is committing just now is left alone. Counted are the
-- crashes since a file last got further: a long one may meet many restarts, and what is poison gets nowhere.
WITH late AS (
    SELECT workspace_id, id FROM job
    WHERE state = 'leased' AND lease_until < now()
    ORDER BY lease_until
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT late.workspace_id, late.id, greatest(j.came_to, f.segments_done + f.passages_embedded) AS came_to,
        CASE WHEN f.segments_done + f.passages_embedded > j.came_to THEN 1 ELSE j.crashes + 1 END AS crashes
    FROM late
    JOIN job j ON j.workspace_id = late.workspace_id AND j.id = late.id
    LEFT JOIN file_version v ON j.kind = 'ingest_file' AND v.workspace_id = j.workspace_id AND v.id = j.subject_id
    LEFT JOIN file f ON f.workspace_id = v.workspace_id AND f.id = v.file_id AND f.version = v.version
)
UPDATE job
SET state = CASE WHEN job.cancel_requested THEN 'cancelled' WHEN late.crashes >= :most_crashes THEN 'dead' ELSE 'retry_wait' END,
    finished_at = CASE WHEN job.cancel_requested OR late.crashes >= :most_crashes THEN now() END,
    crashes = late.crashes, came_to = late.came_to, reason = 'worker_crash', run_at = now(), lease_token = NULL, lease_until = NULL
FROM counted late
WHERE job.workspace_id = late.workspace_id AND job.id = late.id
RETURNING job.workspace_id, job.id, job.kind, job.subject_id, job.state, job.reason;

-- name: close_overdue_jobs
-- What could not be done within its time is not done at all.
WITH overdue AS (
    SELECT workspace_id, id FROM job
    WHERE state IN ('queued', 'retry_wait') AND schedule_to_close_at < now()
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
)
UPDATE job
SET state = 'dead', finished_at = now(), reason = 'too_late'
FROM overdue
WHERE job.workspace_id = overdue.workspace_id AND job.id = overdue.id
RETURNING job.workspace_id, job.id, job.kind, job.subject_id, job.state, job.reason;

-- name: due_kinds
-- What waits and may run now, with its age: for bells that were lost, and for the alert on the oldest.
SELECT kind, count(*) AS jobs, max(extract(epoch FROM now() - run_at))::float8 AS oldest_s
FROM job
WHERE state IN ('queued', 'retry_wait') AND run_at <= now()
GROUP BY kind;

-- name: remove_old_jobs
-- Finished work is kept for a month: its row answers "what happened to my file".
DELETE FROM job WHERE finished_at < now() - interval '30 days' AND state IN ('done', 'cancelled');

-- name: list_visible_jobs
-- Jobs about what the caller may see: a file's reading, a message's embedding, a reply. The newest first.
SELECT
    j.id,
    j.kind,
    j.subject_id,
    coalesce(v.file_id, m.conversation_id, n.conversation_id) AS item_id,
    j.state,
    j.stage,
    j.reason,
    j.attempts,
    j.created_at,
    j.run_at,
    j.finished_at
FROM job j
LEFT JOIN file_version v ON j.kind = 'ingest_file' AND v.workspace_id = j.workspace_id AND v.id = j.subject_id
LEFT JOIN message m ON j.kind = 'embed_message' AND m.workspace_id = j.workspace_id AND m.id = j.subject_id
LEFT JOIN run n ON j.kind = 'reply' AND n.workspace_id = j.workspace_id AND n.id = j.subject_id
JOIN readable(:workspace_id, :account_id) r ON r.item_id = coalesce(v.file_id, m.conversation_id, n.conversation_id)
WHERE j.workspace_id = :workspace_id
    AND (:id::uuid IS NULL OR j.id = :id)
    AND (:states::text[] IS NULL OR j.state = ANY (:states))
    AND (:before_at::timestamptz IS NULL OR (j.created_at, j.id) < (:before_at, :before_id::uuid))
ORDER BY j.created_at DESC, j.id DESC
LIMIT :limit;

-- name: list_ended_jobs
-- What ended without success, of all members: for the workspace's admins. No content, only ids and reasons.
SELECT j.id, j.kind, j.subject_id, j.account_id, j.state, j.reason, j.attempts, j.crashes, j.created_at, j.finished_at
FROM job j
WHERE j.workspace_id = :workspace_id
    AND (:id::uuid IS NULL OR j.id = :id)
    AND (:kinds::text[] IS NULL OR j.kind = ANY (:kinds))
    AND (:states::text[] IS NULL OR j.state = ANY (:states))
    AND (:before_at::timestamptz IS NULL OR (j.created_at, j.id) < (:before_at, :before_id::uuid))
ORDER BY j.created_at DESC, j.id DESC
LIMIT :limit;
