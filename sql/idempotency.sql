-- First answers to POST requests that carry an Idempotency-Key, kept for 24 hours.

-- name: claim_key
-- Take the key for this transaction; no row when its first request was answered in the last 24 hours.
-- A second request at the same time waits here until the first commits or rolls back.
INSERT INTO idempotency_key (workspace_id, account_id, key, request_hash, status, body)
VALUES (:workspace_id, :account_id, :key, :request_hash, 0, '')
ON CONFLICT (workspace_id, account_id, key) DO UPDATE
SET request_hash = EXCLUDED.request_hash, created_at = now()
WHERE idempotency_key.created_at < now() - interval '24 hours'
RETURNING key;

-- name: find_answer
SELECT
    request_hash,
    status,
    body
FROM idempotency_key
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND key = :key;

-- name: keep_answer
UPDATE idempotency_key
SET status = :status, body = :body
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND key = :key;

-- name: remove_old_answers
-- unscoped: answers that no request is given any more
DELETE FROM idempotency_key
WHERE created_at < now() - interval '24 hours';
