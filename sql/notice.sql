-- What people are told: notices, how and when each wants to be told, and what has gone out. A person's own rows are named by
-- workspace and account.

-- name: tell
-- To each of these people once, if he wants to be told of this kind in any way. An outbox: to_send waits for take_outbox.
INSERT INTO notification
    (workspace_id, id, account_id, kind, saved_search_id, subject_id, item_id, message_id, actor_id, in_app, to_send)
SELECT
    :workspace_id,
    told.id,
    told.account_id,
    :kind,
    :search_id::uuid,
    :subject_id::uuid,
    :item_id::uuid,
    :message_id::uuid,
    :actor_id::uuid,
    coalesce(s.in_app, :in_app::boolean),
    coalesce(s.email, :email::text) = 'at_once' OR coalesce(s.push, :push::boolean)
FROM unnest(:ids::uuid[], :account_ids::uuid[]) AS told (id, account_id)
JOIN membership m ON m.workspace_id = :workspace_id AND m.account_id = told.account_id
LEFT JOIN notification_setting s ON s.workspace_id = :workspace_id AND s.account_id = told.account_id AND s.kind = :kind
WHERE coalesce(s.in_app, :in_app) OR coalesce(s.push, :push) OR coalesce(s.email, :email) <> 'off'
ON CONFLICT DO NOTHING;

-- name: list_notifications
-- A person's notices, newest first: those of his list, or these. What they are about must be his to see now.
SELECT
    n.id,
    n.kind,
    n.created_at,
    n.read_at,
    s.id AS search_id,
    coalesce(s.name, '') AS search_name,
    coalesce(s.q, '') AS q,
    coalesce(s.webhook_reason, '') AS webhook_reason,
    n.item_id,
    coalesce(i.kind = 'file', false) AS is_file,
    n.message_id,
    coalesce(i.title, '') AS title,
    coalesce(a.name, '') AS actor,
    coalesce(left(g.content, :excerpt::int), '') AS excerpt
FROM notification n
LEFT JOIN saved_search s ON s.workspace_id = n.workspace_id AND s.id = n.saved_search_id
LEFT JOIN item i ON i.workspace_id = n.workspace_id AND i.id = n.item_id
LEFT JOIN message g ON g.workspace_id = n.workspace_id AND g.id = n.message_id AND g.deleted_at IS NULL
LEFT JOIN account a ON a.id = n.actor_id
WHERE n.workspace_id = :workspace_id
    AND n.account_id = :account_id
    AND (:ids::uuid[] IS NULL AND n.in_app OR n.id = ANY (:ids::uuid[]))
    AND (NOT :unread::boolean OR n.read_at IS NULL)
    AND (:before_id::uuid IS NULL OR n.id < :before_id)
    AND (n.message_id IS NULL OR g.id IS NOT NULL)
    AND (n.item_id IS NULL OR EXISTS (
        SELECT FROM readable(:workspace_id, :account_id) r WHERE r.item_id = n.item_id))
    AND (n.kind <> 'saved_search.matches' OR EXISTS (
        SELECT FROM saved_search_match m
        JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.item_id
        LEFT JOIN message f ON f.workspace_id = :workspace_id AND f.id = m.message_id AND f.deleted_at IS NULL
        WHERE m.workspace_id = :workspace_id AND m.notification_id = n.id
            AND (m.message_id IS NULL OR f.id IS NOT NULL)))
ORDER BY n.id DESC
LIMIT :limit::int;

-- name: count_unread
-- Up to a bound: nobody reads the difference between a thousand and two.
SELECT count(*)::int AS unread
FROM (
    SELECT FROM notification n
    WHERE n.workspace_id = :workspace_id
        AND n.account_id = :account_id
        AND n.in_app
        AND n.read_at IS NULL
        AND (n.message_id IS NULL OR EXISTS (
            SELECT FROM message g
            WHERE g.workspace_id = :workspace_id AND g.id = n.message_id AND g.deleted_at IS NULL))
        AND (n.item_id IS NULL OR EXISTS (
            SELECT FROM readable(:workspace_id, :account_id) r WHERE r.item_id = n.item_id))
        AND (n.kind <> 'saved_search.matches' OR EXISTS (
            SELECT FROM saved_search_match m
            JOIN readable(:workspace_id, :account_id) r ON r.item_id = m.item_id
            LEFT JOIN message f ON f.workspace_id = :workspace_id AND f.id = m.message_id AND f.deleted_at IS NULL
            WHERE m.workspace_id = :workspace_id AND m.notification_id = n.id
                AND (m.message_id IS NULL OR f.id IS NOT NULL)))
    LIMIT :most::int
) AS counted;

-- name: list_named
-- The people who may read a conversation and have one of these names, addresses before the @, or first names.
SELECT DISTINCT a.id, a.name, a.email
FROM readable(:workspace_id, :account_id) r
JOIN access_grant g ON g.workspace_id = :workspace_id AND g.item_id = r.item_id
JOIN membership m ON m.workspace_id = :workspace_id
    AND (m.account_id = g.principal_id OR g.principal_id = :workspace_id AND m.role <> 'guest')
JOIN account a ON a.id = m.account_id AND a.disabled_at IS NULL
WHERE r.item_id = :conversation_id
    AND (lower(a.name) = ANY (:handles::text[])
        OR lower(split_part(a.email, '@', 1)) = ANY (:handles)
        OR lower(split_part(a.name, ' ', 1)) = ANY (:handles))
ORDER BY a.id
LIMIT 1000;

-- name: set_mentions
-- Whom a message names now; those come back whom it did not name before.
WITH gone AS (
    DELETE FROM message_mention
    WHERE workspace_id = :workspace_id AND message_id = :message_id AND account_id <> ALL (:account_ids::uuid[])
)
INSERT INTO message_mention (workspace_id, message_id, account_id)
SELECT :workspace_id, :message_id, named.id
FROM unnest(:account_ids::uuid[]) AS named (id)
ON CONFLICT DO NOTHING
RETURNING account_id AS id;
