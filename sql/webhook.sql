-- Webhooks of people who want to know how the reading of files ended. A person's own rows are named by workspace and account; the
-- worker asks readable() in the name of the owner, when it writes down what is to be told and when it tells it.

-- name: list_webhooks
SELECT id, url, kinds, created_at, failing_since, disabled_at, reason
FROM webhook
WHERE workspace_id = :workspace_id AND account_id = :account_id AND (:id::uuid IS NULL OR id = :id)
ORDER BY id DESC;

-- name: count_webhooks
SELECT count(*)::int AS held FROM webhook WHERE workspace_id = :workspace_id AND account_id = :account_id;

-- name: add_webhook
-- One address of a person is called once: no row comes back.
INSERT INTO webhook (workspace_id, id, account_id, url, kinds)
VALUES (:workspace_id, :id, :account_id, :url, :kinds)
ON CONFLICT (workspace_id, account_id, url) DO NOTHING
RETURNING id;

-- name: delete_webhook
DELETE FROM webhook WHERE workspace_id = :workspace_id AND account_id = :account_id AND id = :id RETURNING id;

-- name: list_hearers
-- Who is to be told how a file's reading has just ended.
SELECT w.id AS webhook_id, w.account_id, m.role
FROM file f
JOIN webhook w ON w.workspace_id = f.workspace_id AND 'file.' || f.state = ANY (w.kinds) AND w.disabled_at IS NULL
JOIN membership m ON m.workspace_id = w.workspace_id AND m.account_id = w.account_id
JOIN account a ON a.id = w.account_id AND a.disabled_at IS NULL
WHERE f.workspace_id = :workspace_id
    AND f.id = :file_id
    AND EXISTS (SELECT FROM readable(:workspace_id, w.account_id) r WHERE r.item_id = f.id)
ORDER BY w.id;

-- name: add_file_event
-- unscoped: for somebody who was just found to be allowed to see the file
INSERT INTO file_event (workspace_id, id, webhook_id, file_id, version, kind, reason_code, reason, remedy)
SELECT f.workspace_id, :id, :webhook_id, f.id, f.version, 'file.' || f.state, f.reason_code, f.reason, f.remedy
FROM file f
WHERE f.workspace_id = :workspace_id AND f.id = :file_id;

-- name: find_file_call
-- What a webhook is to be told, and in whose name.
SELECT e.file_id, e.version, e.kind, e.reason_code, e.reason, e.remedy, e.created_at, w.id AS webhook_id, w.url, w.account_id, m.role
FROM file_event e
JOIN webhook w ON w.workspace_id = e.workspace_id AND w.id = e.webhook_id AND w.disabled_at IS NULL
JOIN membership m ON m.workspace_id = w.workspace_id AND m.account_id = w.account_id
JOIN account a ON a.id = w.account_id AND a.disabled_at IS NULL
WHERE e.workspace_id = :workspace_id AND e.id = :id;

-- name: find_told_version
-- The version of a file that a call is about, if the caller may see it now.
SELECT v.name, f.folder, f.media_type, v.size_bytes, v.sha256
FROM readable(:workspace_id, :account_id) r
JOIN file f ON f.workspace_id = :workspace_id AND f.id = r.item_id
JOIN file_version v ON v.workspace_id = :workspace_id AND v.file_id = f.id AND v.version = :version
WHERE r.item_id = :file_id;

-- name: note_file_call_done
UPDATE webhook SET failing_since = NULL, reason = ''
WHERE workspace_id = :workspace_id AND id = :id AND failing_since IS NOT NULL;

-- name: note_file_call_failed
-- One that failed for too long, or says that it is gone, is called no more.
UPDATE webhook
SET failing_since = coalesce(failing_since, now()),
    reason = :reason,
    disabled_at = CASE
        WHEN :is_gone::boolean OR failing_since < now() - make_interval(secs => :patience_s::float8) THEN now() END
WHERE workspace_id = :workspace_id AND id = :id AND disabled_at IS NULL
RETURNING disabled_at IS NOT NULL AS is_disabled, extract(epoch FROM now() - failing_since)::float8 AS failing_s;

-- name: remove_old_file_events
DELETE FROM file_event WHERE created_at < now() - interval '30 days';
