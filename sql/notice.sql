-- What people are told: notices, how and when each wants to be told, and what has gone out. A person's own rows are named by
-- workspace and account.

-- name: tell
-- To each of these people once, if he wants to be told of this kind in any way, or a webhook is: what it is called with starts from
-- the notice, which then stands in no list. An outbox: to_send waits for take_outbox.
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
WHERE :is_called::boolean OR coalesce(s.in_app, :in_app) OR coalesce(s.push, :push) OR coalesce(s.email, :email) <> 'off'
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

-- name: list_settings
SELECT kind, in_app, email, push
FROM notification_setting
WHERE workspace_id = :workspace_id AND account_id = :account_id
ORDER BY kind;

-- name: set_setting
INSERT INTO notification_setting (workspace_id, account_id, kind, in_app, email, push)
VALUES (:workspace_id, :account_id, :kind, :in_app, :email, :push)
ON CONFLICT (workspace_id, account_id, kind) DO UPDATE
SET in_app = EXCLUDED.in_app, email = EXCLUDED.email, push = EXCLUDED.push;

-- name: find_hours
SELECT tz, quiet_from, quiet_until, digest_minute
FROM notification_hours
WHERE workspace_id = :workspace_id AND account_id = :account_id;

-- name: set_hours
INSERT INTO notification_hours (workspace_id, account_id, tz, quiet_from, quiet_until, digest_minute)
VALUES (:workspace_id, :account_id, :tz, :quiet_from, :quiet_until, :digest_minute)
ON CONFLICT (workspace_id, account_id) DO UPDATE
SET tz = EXCLUDED.tz, quiet_from = EXCLUDED.quiet_from, quiet_until = EXCLUDED.quiet_until,
    digest_minute = EXCLUDED.digest_minute;

-- name: list_subscriptions
SELECT id, endpoint, p256dh, auth, created_at
FROM push_subscription
WHERE workspace_id = :workspace_id AND account_id = :account_id
ORDER BY created_at, id;

-- name: add_subscription
-- The same browser again has new keys.
INSERT INTO push_subscription (workspace_id, id, account_id, endpoint, p256dh, auth)
VALUES (:workspace_id, :id, :account_id, :endpoint, :p256dh, :auth)
ON CONFLICT (workspace_id, account_id, endpoint) DO UPDATE SET p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth
RETURNING id, endpoint, p256dh, auth, created_at;

-- name: remove_subscription
DELETE FROM push_subscription
WHERE workspace_id = :workspace_id AND account_id = :account_id AND id = :id;

-- name: take_outbox
-- Notices that somebody is to be sent; who takes them writes their jobs in the same transaction. What nobody can be sent (no
-- browser, no e-mail at once) is done with.
WITH waiting AS (
    SELECT workspace_id, id
    FROM notification
    WHERE to_send
    ORDER BY workspace_id, id
    LIMIT :most
    FOR UPDATE SKIP LOCKED
)
UPDATE notification n
SET to_send = false
FROM waiting
WHERE n.workspace_id = waiting.workspace_id AND n.id = waiting.id
RETURNING n.workspace_id, n.id, n.account_id,
    EXISTS (SELECT FROM push_subscription p WHERE p.workspace_id = n.workspace_id AND p.account_id = n.account_id)
    OR EXISTS (SELECT FROM notification_setting s
        WHERE s.workspace_id = n.workspace_id AND s.account_id = n.account_id AND s.kind = n.kind
            AND s.email = 'at_once') AS is_wanted;

-- name: list_digests
-- Who wants a daily e-mail about something, and when the last one was.
SELECT h.workspace_id, h.account_id, h.tz, h.digest_minute, h.digested_at
FROM notification_hours h
WHERE EXISTS (SELECT FROM notification_setting s
    WHERE s.workspace_id = h.workspace_id AND s.account_id = h.account_id AND s.email = 'daily')
    AND h.digested_at < now() - interval '1 hour'
ORDER BY h.workspace_id, h.account_id;

-- name: note_digest
-- No row where another worker was faster.
UPDATE notification_hours
SET digested_at = now()
WHERE workspace_id = :workspace_id AND account_id = :account_id AND digested_at = :digested_at;

-- name: find_addressee
-- Who is to be sent a notice, how, and whether he is still to be: not who has read it, nor who may not sign in any more.
SELECT n.account_id, m.role, a.email AS address, n.kind, s.email AS email, s.push AS push,
    coalesce(h.tz, 'UTC') AS tz, h.quiet_from, h.quiet_until, coalesce(p.is_quiet, false) AS is_quiet
FROM notification n
JOIN membership m ON m.workspace_id = n.workspace_id AND m.account_id = n.account_id
JOIN account a ON a.id = n.account_id AND a.disabled_at IS NULL
LEFT JOIN notification_setting s ON s.workspace_id = n.workspace_id AND s.account_id = n.account_id AND s.kind = n.kind
LEFT JOIN notification_hours h ON h.workspace_id = n.workspace_id AND h.account_id = n.account_id
LEFT JOIN conversation_person p ON p.workspace_id = n.workspace_id
    AND p.conversation_id = n.item_id
    AND p.account_id = n.account_id
WHERE n.workspace_id = :workspace_id
    AND n.id = :id
    AND n.read_at IS NULL;

-- name: list_sent
SELECT way
FROM notification_sent
WHERE workspace_id = :workspace_id AND notification_id = :id
ORDER BY way;

-- name: note_sent
INSERT INTO notification_sent (workspace_id, notification_id, way)
SELECT :workspace_id, n.id, :way
FROM notification n
WHERE n.workspace_id = :workspace_id AND n.id = ANY (:ids::uuid[])
ON CONFLICT DO NOTHING;

-- name: find_reader
-- Who gets a daily e-mail.
SELECT m.account_id, m.role, a.email AS address
FROM membership m
JOIN account a ON a.id = m.account_id AND a.disabled_at IS NULL
WHERE m.workspace_id = :workspace_id AND m.account_id = :account_id;

-- name: list_for_digest
-- Unread notices of the last week that go by daily e-mail and have not gone yet; not of quiet conversations.
SELECT n.id
FROM notification n
JOIN notification_setting s ON s.workspace_id = n.workspace_id AND s.account_id = n.account_id AND s.kind = n.kind
LEFT JOIN conversation_person p ON p.workspace_id = n.workspace_id
    AND p.conversation_id = n.item_id
    AND p.account_id = n.account_id
WHERE n.workspace_id = :workspace_id
    AND n.account_id = :account_id
    AND n.read_at IS NULL
    AND s.email = 'daily'
    AND NOT coalesce(p.is_quiet, false)
    AND n.created_at > now() - interval '7 days'
    AND NOT EXISTS (SELECT FROM notification_sent t
        WHERE t.workspace_id = n.workspace_id AND t.notification_id = n.id AND t.way = 'email')
ORDER BY n.id DESC
LIMIT :most;

-- name: find_ended_file
-- unscoped: the worker has just written how the reading of the file ended
-- Whose it is; what came in a mail or archive is not told of by itself.
SELECT i.owner_id, v.id AS version_id, f.state = 'failed' AS has_failed
FROM file f
JOIN item i ON i.workspace_id = f.workspace_id AND i.id = f.id
JOIN file_version v ON v.workspace_id = f.workspace_id AND v.file_id = f.id AND v.version = f.version
WHERE f.workspace_id = :workspace_id
    AND f.id = :file_id
    AND f.root_id IS NULL;
