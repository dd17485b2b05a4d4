-- Queries asked last: by the application role, whose policy shows each person only their own rows.

-- name: record_recent_query
-- Writes nothing where the person has switched it off. Asked again, it is the newest; the oldest make room.
WITH room AS (
    DELETE FROM recent_query r
    USING (
        SELECT query
        FROM recent_query
        WHERE workspace_id = :workspace_id AND account_id = :account_id AND query <> :asked
        ORDER BY asked_at DESC, query
        OFFSET :most::int - 1
    ) AS old
    WHERE r.workspace_id = :workspace_id
        AND r.account_id = :account_id
        AND r.query = old.query
)
INSERT INTO recent_query (workspace_id, account_id, query)
SELECT m.workspace_id, m.account_id, :asked
FROM membership m
WHERE m.workspace_id = :workspace_id
    AND m.account_id = :account_id
    AND m.keeps_recent
ON CONFLICT (workspace_id, account_id, query) DO UPDATE
SET asked_at = now();

-- name: list_recent_queries
SELECT query, asked_at
FROM recent_query
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
ORDER BY asked_at DESC, query
LIMIT :most::int;

-- name: forget_recent_queries
-- All of one person's in one workspace, or the one that is named.
DELETE FROM recent_query
WHERE workspace_id = :workspace_id
    AND account_id = :account_id
    AND (:asked::text IS NULL OR query = :asked::text);

-- name: keeps_recent_queries
SELECT keeps_recent
FROM membership
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: switch_recent_queries
UPDATE membership
SET keeps_recent = :on
WHERE workspace_id = :workspace_id
    AND account_id = :account_id;

-- name: remove_old_recent_queries
DELETE FROM recent_query
WHERE asked_at < now() - :days::int * interval '1 day';
